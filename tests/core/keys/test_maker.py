"""A call's key: equal for equal calls, of one content, in every process."""

import functools
import inspect
import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys import FROM_CODE, KeyMaker, KeyRegistry
from beautyspot.keys.digest import LONG_BYTES


def ask(prompt: Any, *, model: Any = "small", client: Any = None) -> None: ...
def other(prompt: Any, *, model: Any = "small", client: Any = None) -> None: ...
def add(a: Any, b: Any = 2, /, *rest: Any, scale: Any = 1, **more: Any) -> None: ...


class Client:
    """A plain class: what it holds says nothing about what it does."""

    def __init__(self, url: str = "") -> None:
        self.url = url

    def send(self, text: str) -> None: ...


def test_a_key_is_32_hex_digits_and_the_arguments_id_16():
    maker = KeyMaker(ask)
    assert len(bytes.fromhex(maker.key(("a",), {}))) == 16
    assert len(bytes.fromhex(maker.input_id(("a",), {}))) == 8


def test_equal_call_forms_agree():
    key = KeyMaker(ask).key
    assert len({key(("a",), {}), key((), {"prompt": "a"}), key((), {"model": "small", "prompt": "a"})}) == 1
    key = KeyMaker(add).key
    assert key((1,), {}) == key((1, 2), {"scale": 1})
    assert key((1,), {"x": 1, "y": 2}) == key((1,), {"y": 2, "x": 1})


def test_calls_of_other_content_differ():
    key = KeyMaker(add).key
    calls = [((1,), {}), ((1, 3), {}), ((1, 2, 3), {}), ((1, 2, 3, 4), {}), ((1,), {"scale": 2}), ((1,), {"x": 2})]
    assert len({key(args, kwargs) for args, kwargs in calls}) == len(calls)
    assert key((1, 2, (3,)), {}) != key((1, 2, 3), {})


def test_functions_and_versions_differ():
    makers = [KeyMaker(ask), KeyMaker(other), KeyMaker(ask, version="1"), KeyMaker(ask, version="2")]
    assert len({maker.key(("a",), {}) for maker in makers}) == 4
    assert [maker.version for maker in makers] == [None, None, "1", "2"]


def test_methods_of_two_classes_and_same_names_in_two_modules_differ():
    class A:
        def run(self) -> None: ...

    class B:
        def run(self) -> None: ...

    elsewhere: dict[str, Any] = {"__name__": "elsewhere"}
    exec("def ask(prompt, *, model='small', client=None): ...", elsewhere)
    assert KeyMaker(A.run, ignore=("self",)).key((A(),), {}) != KeyMaker(B.run, ignore=("self",)).key((B(),), {})
    assert KeyMaker(ask).key(("a",), {}) != KeyMaker(elsewhere["ask"]).key(("a",), {})


def test_the_function_is_named_with_its_module():
    assert KeyMaker(Client.send, ignore=("self",)).func_name == f"{__name__}.Client.send"


def test_a_wrong_call_raises_what_python_says_of_the_function():
    for args, kwargs in (((), {}), ((1, 2), {}), ((1,), {"x": 2}), ((1,), {"prompt": 1})):
        with pytest.raises(TypeError) as ours:
            KeyMaker(ask).key(args, kwargs)
        with pytest.raises(TypeError) as pythons:
            ask(*args, **kwargs)
        assert str(ours.value) == str(pythons.value)


def test_ignored_parameters_have_no_part():
    key = KeyMaker(ask, ignore=("client",)).key
    assert key(("a",), {"client": object()}) == key(("a",), {})
    assert key(("a",), {"model": "big"}) != key(("a",), {})


def test_ignoring_what_is_not_there_names_what_is():
    with pytest.raises(ConfigurationError, match=r"'clint', which is no parameter of .*known: prompt, model, client"):
        KeyMaker(ask, ignore=("clint",))


def test_a_version_that_is_no_text_is_refused():
    with pytest.raises(ConfigurationError, match="version got 2; give text, such as '2'"):
        KeyMaker(ask, version=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [object(), Client(), iter([]), (n for n in ())])
def test_what_has_no_content_is_refused_with_the_ways_out(value: object):
    with pytest.raises(UnkeyableArgument) as caught:
        KeyMaker(ask).key(("a",), {"client": {"deep": [value]}})
    message = str(caught.value)
    assert f"argument 'client' of {__name__}.ask" in message
    assert type(value).__qualname__ in message
    assert all(way in message for way in ("input_key_fn=", "ignore=('client',)", "spot.register_key("))


@pytest.mark.parametrize("levels", [200, 20_000])
def test_deep_nesting_works_or_is_refused_clearly(levels: int):
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    if levels < 500:
        assert KeyMaker(ask).key((value,), {}) != KeyMaker(ask).key((value[0],), {})
    else:
        with pytest.raises(UnkeyableArgument, match="nested too deep"):
            KeyMaker(ask).key((value,), {})


def test_a_list_that_holds_itself_is_refused():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UnkeyableArgument, match=r"argument .prompt. .* holds itself"):
        KeyMaker(ask).key((value,), {})


def test_a_mutable_default_is_read_when_called():
    box: list[int] = []

    def collect(x: int, into: list[int] = box) -> None: ...

    maker = KeyMaker(collect)
    before = maker.key((1,), {})
    box.append(1)
    assert before != maker.key((1,), {}) == maker.key((1, [1]), {})


def test_a_registered_class_is_keyed_by_what_its_function_gives():
    registry = KeyRegistry()
    key = KeyMaker(ask, registry=registry).key
    with pytest.raises(UnkeyableArgument):
        key((Client("a"),), {})
    registry.register(Client, lambda client: client.url)
    assert key((Client("a"),), {}) == key((Client("a"),), {}) != key((Client("b"),), {})
    assert key((type("Sub", (Client,), {})("a"),), {}) != key((Client("a"),), {})


@pytest.mark.parametrize(("type_", "function"), [("Client", str), (str, repr), (Client, None)])
def test_registering_what_is_no_class_or_no_function_is_refused(type_: Any, function: Any):
    with pytest.raises(ConfigurationError, match="register_key got"):
        KeyRegistry().register(type_, function)


def test_an_input_key_fn_gets_the_call_and_its_text_is_the_id():
    maker = KeyMaker(ask, input_key_fn=lambda prompt, **_: prompt.lower())
    assert maker.key(("A",), {}) == maker.key(("a",), {"model": "big"}) != maker.key(("b",), {})
    assert maker.input_id(("A",), {}) == "a"
    assert maker.key(("a",), {}) != KeyMaker(ask).key(("a",), {})


def test_an_input_key_fn_that_gives_no_content_is_refused():
    with pytest.raises(UnkeyableArgument, match=r"input_key_fn of .*ask returned 'object'"):
        KeyMaker(ask, input_key_fn=lambda *_: object()).key(("a",), {})


def test_partials_bound_methods_instances_classes_and_builtins_are_bound_like_their_function():
    assert KeyMaker(functools.partial(ask, "a")).key((), {}) == KeyMaker(ask).key(("a",), {})
    assert KeyMaker(functools.partial(ask, model="big")).key(("a",), {}) != KeyMaker(ask).key(("a",), {})
    bound = KeyMaker(Client().send, ignore=("self",))
    assert bound.key(("a",), {}) == bound.key((), {"text": "a"})
    assert KeyMaker(Client).key(("a",), {}) == KeyMaker(Client).key((), {"url": "a"})
    assert KeyMaker(len).key(("a",), {}) != KeyMaker(abs).key(("a",), {})
    assert KeyMaker(max).key((1, 2), {}) != KeyMaker(max).key((2, 1), {})


def test_a_callable_instance_is_told_by_its_class_and_content():
    class Model:
        def __call__(self, x: int, y: int = 1) -> None: ...

    maker = KeyMaker(Model(), ignore=("self",))
    assert maker.func_name.endswith("Model.__call__")
    assert maker.key((1,), {}) == maker.key((1, 1), {})
    with pytest.raises(UnkeyableArgument, match="'self'"):
        KeyMaker(Model()).key((1,), {})


def test_a_wrapper_is_bound_by_what_it_shows_and_never_refuses_a_call_that_works():
    @functools.wraps(ask)
    def wrapper(*args: Any, **kwargs: Any) -> None: ...

    key = KeyMaker(wrapper).key
    assert key(("a",), {}) == key((), {"prompt": "a"})
    assert key(("a", "more"), {}) != key(("a", "less"), {})


def test_a_wrapper_that_gives_an_argument_itself_binds_by_the_signature_that_it_is_given():
    @functools.wraps(ask)
    def wrapper(*args: Any, **kwargs: Any) -> None: ...

    apart = KeyMaker(wrapper).key
    assert apart((1, 2, 3, 4), {}) != apart((1, 2, 3), {"injected": 4})  # neither fits what it shows
    vars(wrapper)["__signature__"] = inspect.signature(lambda text, size=1: None)
    key = KeyMaker(wrapper).key
    assert key(("a",), {}) == key((), {"text": "a"}) == key(("a", 1), {})


def test_the_version_is_read_from_the_code_once():
    maker = KeyMaker(ask, version=FROM_CODE)
    assert maker.version == maker.version
    assert str(maker.version).startswith("code:")
    assert repr(FROM_CODE) == "FROM_CODE"
    with pytest.raises(ConfigurationError, match="which has no Python code"):
        KeyMaker(len, version=FROM_CODE)


SCRIPT = """
import pathlib, sys
from beautyspot.keys import KeyMaker, FROM_CODE
def f(a, **kw): return {x for x in ("p", "q", "r") if a in {"k", "l", "m"}}
n = 3
def factory(n):
    return lambda a, **kw: n in {1, 2, n}
values = [{"b", "a", "c"}, {3: 1, "x": {None, True}}, frozenset("xyz"), pathlib.Path("p"), factory]
keywords = dict.fromkeys(sorted(set("qwer"), key=hash))
print(*[maker.key((values,), keywords) for maker in (KeyMaker(f, version=FROM_CODE), KeyMaker(factory(5)))])
"""


def test_keys_agree_in_another_process_with_another_hash_seed():
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "77")
    ]
    assert len(set(runs)) == 1
    assert len(set(runs[0].split())) == 2


def test_threads_make_the_same_keys():
    key = KeyMaker(ask).key
    values = [("x" * n, {"n": n, "s": {n, "n"}}, 2**70 + n) for n in range(200)]
    expected = [key((value,), {}) for value in values]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda value: key((value,), {}), values * 5)) == expected * 5


def test_a_key_never_changes_between_releases():
    """A change here makes every kept result of every user a miss."""

    def frozen(a: Any, b: Any = 1) -> None: ...

    frozen.__module__, frozen.__qualname__ = "app", "frozen"
    assert KeyMaker(frozen, version="1").key(("text", {"n": [1.5, None]}), {}) == "fd317d63e59afe9a78a7b39e41b35ef6"


def test_the_room_loads_nothing_that_only_some_calls_need():
    code = "import sys, beautyspot.keys as k; k.KeyMaker(lambda x: x).key; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"inspect", "dis", "dataclasses", "decimal", "uuid", "numpy", "pandas", "pydantic", "asyncio"}
    assert not slow & set(run.stdout.split())


@pytest.mark.parametrize("size", [LONG_BYTES - 8, LONG_BYTES, 3 * LONG_BYTES])
def test_calls_of_every_length_are_told_apart_by_function_and_by_their_last_letter(size: int) -> None:
    def first(text: str) -> None: ...
    def second(text: str) -> None: ...

    texts = ["x" * size, "x" * (size - 1) + "y"]
    keys = [KeyMaker(function).key((text,), {}) for function in (first, second) for text in texts]
    assert len(set(keys)) == 4
    assert {len(key) for key in keys} == {32}
    assert KeyMaker(first).key((texts[0],), {}) == keys[0]


@pytest.mark.parametrize(
    ("one", "other", "args"),
    [
        ("abc".upper, "xyz".upper, ()),
        ({"a": 1}.get, {"a": 2}.get, ("a",)),
        ((7).__add__, (8).__add__, (1,)),
        (functools.partial("-".join, ["a"]), functools.partial("+".join, ["a"]), ()),
    ],
)
def test_a_method_of_c_is_told_apart_by_whose_it_is(one: Any, other: Any, args: tuple[Any, ...]) -> None:
    assert KeyMaker(one).key(args, {}) != KeyMaker(other).key(args, {})
    assert KeyMaker(one).key(args, {}) == KeyMaker(one).key(args, {})


def test_a_method_of_c_whose_owner_has_no_content_is_refused() -> None:
    with pytest.raises(UnkeyableArgument):
        KeyMaker(iter([1]).__next__).key((), {})


def test_a_function_of_c_has_no_owner() -> None:
    assert KeyMaker(math.sqrt).key((4.0,), {}) != KeyMaker(math.exp).key((4.0,), {})
    assert KeyMaker(dict.fromkeys).key(("ab",), {}) == KeyMaker(dict.fromkeys).key(("ab",), {})


class Closed:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("outside of a request")

    def __call__(self) -> None: ...


class Row(NamedTuple):
    value: int


class ClosedRow(Row):
    @property
    def value(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        raise KeyError("closed")


class Unread(dict[str, int]):
    @property
    def __dict__(self) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleVariableOverride]
        raise OSError("gone")


@pytest.mark.parametrize("make", [Closed, lambda: [Closed()], lambda: ClosedRow(1), lambda: Unread(a=1)])
def test_whatever_an_object_raises_is_the_cause_of_its_refusal(make: Callable[[], Any]):
    with pytest.raises(UnkeyableArgument, match=r"'prompt' .* when it was looked at; give plain data") as refused:
        KeyMaker(ask).key((make(),), {})
    assert f"raised {type(refused.value.__cause__).__name__} when" in str(refused.value)
