"""Decorators of wrapt, which show themselves as what they stand before."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.keys import KeyMaker

wrapt = pytest.importorskip("wrapt")


def ask(prompt: str, model: str = "small") -> str:
    return f"{model}: {prompt}"


def apply(function: Callable[[str], str], prompt: str) -> str:
    return function(prompt)


def persona(name: str) -> Any:
    @wrapt.decorator
    def speak(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> str:
        return f"{name}: {wrapped(*args, **kwargs)}"

    return speak


def prefix(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> str:
    return f"dear {wrapped(*args, **kwargs)}"


def suffix(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> str:
    return f"{wrapped(*args, **kwargs)}!"


def large(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> str:
    if len(args) < 2:
        kwargs.setdefault("model", "large")
    return wrapped(*args, **kwargs)


class Times(wrapt.ObjectProxy):
    """A proxy with a setting, which counts its calls."""

    def __init__(self, wrapped: Any, count: int) -> None:
        super().__init__(wrapped)
        self._self_count, self._self_calls = count, 0

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        self._self_calls += 1
        return " ".join([self.__wrapped__(*args, **kwargs)] * self._self_count)


class Once(Times):
    def __init__(self, wrapped: Any) -> None:
        super().__init__(wrapped, 1)


class Slotted:
    __slots__ = ("__wrapped__", "count")

    def __init__(self, wrapped: Any, count: int) -> None:
        self.__wrapped__, self.count = wrapped, count

    def __call__(self, prompt: str) -> str:
        return self.__wrapped__(prompt) * self.count


DECORATORS: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "closure": (persona("judge"), persona("poet")),
    "wrapper": tuple(lambda function, each=each: wrapt.FunctionWrapper(function, each) for each in (prefix, suffix)),
    "setting": (lambda function: Times(function, 2), lambda function: Times(function, 3)),
    "class": (Once, lambda function: Times(function, 1)),
    "slot": (lambda function: Slotted(function, 2), lambda function: Slotted(function, 3)),
    "below another": tuple(lambda function, each=each: persona("judge")(Times(function, each)) for each in (2, 3)),
}


def local() -> Callable[[str], str]:
    def ask(prompt: str) -> str:
        return prompt

    return ask


@pytest.fixture
def spot() -> Iterator[bs.Spot]:
    with bs.Spot(db="memory://") as spot:
        yield spot


@pytest.mark.parametrize("make", [local, lambda: ask], ids=["local", "named"])
@pytest.mark.parametrize("kind", DECORATORS)
def test_another_setting_is_another_call(kind: str, make: Callable[[], Any]):
    def key(decorate: Callable[[Any], Any]) -> str:
        return KeyMaker(decorate(make())).key(("a",), {})

    one, two = DECORATORS[kind]
    assert key(one) == key(one) != key(two)


@pytest.mark.parametrize("kind", DECORATORS)
def test_as_an_argument_it_counts_by_its_setting_too(kind: str):
    key = KeyMaker(apply).key
    one, two = (decorate(ask) for decorate in DECORATORS[kind])
    assert key((one, "a"), {}) == key((one, "a"), {}) != key((two, "a"), {})


def test_the_function_keeps_its_name_and_its_parameters():
    maker = KeyMaker(persona("poet")(ask), ignore=("name",))
    assert maker.func_name == KeyMaker(ask).func_name
    assert (
        maker.key(("a",), {})
        == maker.key((), {"prompt": "a"})
        == KeyMaker(persona("judge")(ask), ignore=("name",)).key(("a",), {})
    )


def test_what_its_calls_count_makes_no_other_call(spot: bs.Spot):
    marked = spot.mark(Times(ask, 2))
    assert (marked("a"), marked("a"), marked.cache_info().hits) == ("small: a small: a", "small: a small: a", 1)


def test_a_setting_that_is_given_another_value_counts_anew(spot: bs.Spot):
    proxy = Times(ask, 2)
    marked = spot.mark(proxy)
    marked("a")
    proxy._self_count = 1
    assert marked("a") == "small: a"


def test_a_default_spelled_out_is_another_call_where_the_wrapper_may_give_another_one(spot: bs.Spot):
    marked = spot.mark(wrapt.FunctionWrapper(ask, large))
    assert (marked("a"), marked("a", "small")) == ("large: a", "small: a")


@pytest.mark.parametrize("wrapper", [prefix, suffix], ids=lambda each: each.__name__)
def test_it_is_the_same_call_where_arguments_are_passed_on(wrapper: Any):
    key = KeyMaker(wrapt.FunctionWrapper(ask, wrapper)).key
    assert key(("a",), {}) == key(("a", "small"), {})


class Client:
    def __init__(self, name: str) -> None:
        self.name = name

    @persona("judge")
    def ask(self, prompt: str) -> str:
        return f"{self.name}: {prompt}"


def test_a_method_of_an_object_counts_by_the_object(spot: bs.Spot):
    spot.register_key(Client, lambda client: client.name)
    answers = [spot.mark(Client(name).ask)("a") for name in ("one", "two")]
    assert answers == ["judge: one: a", "judge: two: a"]
    with pytest.raises(bs.UnkeyableArgument, match="'self'"):
        KeyMaker(Client("one").ask).key(("a",), {})


CELLS = """
import wrapt

def persona(name):
    @wrapt.decorator
    def speak(wrapped, instance, args, kwargs):
        return f"{name}: {wrapped(*args, **kwargs)}"
    return speak

class Times(wrapt.ObjectProxy):
    def __init__(self, wrapped, count):
        super().__init__(wrapped)
        self._self_count = count

    def __call__(self, *args, **kwargs):
        return self.__wrapped__(*args, **kwargs) * self._self_count

def times(count):
    return lambda function: Times(function, count)

@DECORATOR
def helper(prompt): return prompt

@DECORATOR
def marked(prompt): return prompt

def asking(prompt): return helper(prompt)
"""
EDITS = {
    "name": ("persona('judge')", "'judge'", "'poet'"),
    "wrapper": ("persona('judge')", "}: {", "} says {"),
    "count": ("times(2)", "(2)", "(3)"),
    "call": ("times(2)", ") * self", ") + self"),
}


@pytest.mark.parametrize("function", ["marked", "asking"])
@pytest.mark.parametrize("edit", EDITS)
def test_in_a_notebook_an_edit_is_another_program(edit: str, function: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    decorator, old, new = EDITS[edit]

    def key(source: str) -> str:
        world: dict[str, Any] = {"__name__": "__main__"}
        exec(source, world)
        return KeyMaker(world[function]).key(("a",), {})

    source = CELLS.replace("DECORATOR", decorator)
    assert key(source) == key(source) != key(source.replace(old, new))


@pytest.mark.parametrize("function", ["marked", "asking"])
@pytest.mark.parametrize("edit", EDITS)
def test_with_a_version_from_code_so_it_is(edit: str, function: str):
    decorator, old, new = EDITS[edit]

    def key(source: str) -> str:
        world: dict[str, Any] = {"__name__": "app"}
        exec(source, world)
        return KeyMaker(world[function], version=bs.FROM_CODE).key(("a",), {})

    source = CELLS.replace("DECORATOR", decorator)
    assert key(source) == key(source) != key(source.replace(old, new))


def test_without_one_an_edit_of_the_wrapper_keeps_the_key_of_a_named_function():
    def key(source: str) -> str:
        world: dict[str, Any] = {"__name__": "app"}
        exec(source, world)
        return KeyMaker(world["marked"]).key(("a",), {})

    source = CELLS.replace("DECORATOR", "persona('judge')")
    assert key(source) == key(source.replace("}: {", "} says {"))


def test_a_partial_of_wrapt_is_kept(spot: bs.Spot):
    small, large = (spot.mark(wrapt.PartialCallableObjectProxy(ask, model=model)) for model in ("small", "large"))
    placed = spot.mark(wrapt.PartialCallableObjectProxy(apply, ask))
    assert [small("a"), small("a"), large("a"), placed("a"), placed("a")] == [
        *["small: a"] * 2,
        "large: a",
        *["small: a"] * 2,
    ]
    assert (small.cache_info().hits, placed.cache_info().hits) == (1, 1)


def test_a_setting_that_names_the_proxy_by_its_address_is_none():
    proxies = [wrapt.lru_cache(ask) for _ in range(2)]
    assert len({KeyMaker(proxy).key(("a",), {}) for proxy in proxies}) == 1
