"""What lies below decorators: methods of objects, partials, callable objects, builtins and classes."""

import functools
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.keys import KeyMaker

for library in ("langsmith", "opentelemetry", "pydantic", "tenacity", "wrapt"):
    pytest.importorskip(library)

PROGRAM = """
import functools, json, sys
from contextlib import contextmanager
from dataclasses import dataclass
import beautyspot as bs, langsmith, pydantic, tenacity, wrapt
from beautyspot.keys import KeyMaker, KeyRegistry
from opentelemetry import trace

@contextmanager
def span(name): yield

def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs): return function(*args, **kwargs)
    return wrapper

def named(function):
    @functools.wraps(function)
    def wrapper(q): return function(q)
    return wrapper

@wrapt.decorator
def passing(wrapped, instance, args, kwargs): return wrapped(*args, **kwargs)

retry = tenacity.retry(stop=tenacity.stop_after_attempt(3))
DECORATORS = {
    "wraps": logged,
    "wraps, twice": lambda function: logged(logged(function)),
    "wraps, by name": named,
    "tenacity": retry,
    "lru_cache": functools.lru_cache,
    "pydantic": pydantic.validate_call,
    "contextmanager": span("a"),
    "opentelemetry": trace.get_tracer("a").start_as_current_span("a"),
    "langsmith": langsmith.traceable,
    "wrapt": passing,
    "wrapt.lru_cache": wrapt.lru_cache,
    "wrapt above tenacity": lambda function: passing(retry(function)),
    "partial": lambda function: functools.partial(retry(function)),
    "limiter": lambda function: bs.Spot(db="memory://", tpm=60).limiter(cost=1)(retry(function)),
}

@dataclass
class Client:
    model: str
    def ask(self, q): return self.model + q
    async def wait(self, q): return self.model + q
    @retry
    def again(self, q): return self.model + q
    @passing
    def passed(self, q): return self.model + q
    @classmethod
    def make(cls, q): return q
    def __call__(self, q): return self.model + q

class Small(Client): pass

class Plain:
    def __init__(self, model): self.model = model
    def ask(self, q): return self.model + q

def ask(model, q): return model + q

model = sys.argv[1]
THINGS = {
    "method": Client(model).ask,
    "async": Client(model).wait,
    "method below tenacity": Client(model).again,
    "method below wrapt": Client(model).passed,
    "class method": (Small if model == "small" else Client).make,
    "registered": Plain(model).ask,
    "builtin": model.count,
    "object": Client(model),
    "partial by place": functools.partial(ask, model),
    "partial by name": functools.partial(ask, model=model),
    "partial of a method": functools.partial(Client(model).ask),
    "partial of a lambda": functools.partial(lambda model, q: model + q, model),
}
NOT_TAKEN = {
    "langsmith": {"builtin"},
    "pydantic": {"builtin", "object"},
    "wrapt.lru_cache": {"object", "partial by place", "partial by name", "partial of a method", "partial of a lambda"},
}

registry, keys = KeyRegistry(), {}
registry.functions[Plain] = lambda plain: plain.model
for above, decorate in DECORATORS.items():
    for name, thing in THINGS.items():
        for version in (None, "1", bs.FROM_CODE):
            if name in NOT_TAKEN.get(above, ()) or (name == "builtin" and version is bs.FROM_CODE):
                continue
            maker = KeyMaker(decorate(thing), version=version, registry=registry)
            keys[f"{above}: {name}, {version}"] = maker.key((), {"q": "a"})
print(json.dumps(keys))
"""


def keys_of(model: str, program: Path) -> dict[str, str]:
    found = subprocess.run([sys.executable, program, model], capture_output=True, text=True, check=True)
    return json.loads(found.stdout)


def test_what_lies_below_is_told_apart_and_has_the_same_keys_in_another_process(tmp_path: Path):
    program = tmp_path / "asking.py"
    program.write_text(PROGRAM)
    small, again, large = (keys_of(model, program) for model in ("small", "small", "large"))
    assert len(small) > 400
    assert small == again
    assert [name for name in small if small[name] == large[name]] == []


def times(count: int) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs) * count

        return wrapper

    return decorate


@dataclass
class Client:
    model: str

    def ask(self, q: str) -> str:
        return f"{self.model}: {q}"


class Session:
    """Without content."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.asked = times(1)(self.ask)

    def ask(self, q: str) -> str:
        return f"{self.model}: {q}"

    def __call__(self, q: str) -> str:
        return self.ask(q)


def ask(model: Any, q: str) -> str:
    return f"{model}: {q}"


def embed(model: Any, q: str) -> str:
    return f"{model} of {q}"


THINGS: dict[str, Any] = {
    "method": Client("small").ask,
    "builtin": math.sqrt,
    "builtin method": "4".count,
    "class": float,
    "partial": functools.partial(ask, "small"),
}


@pytest.mark.parametrize("kind", THINGS)
def test_settings_above_are_told_apart(kind: str, spot: bs.Spot):
    twice, thrice = (times(count)(THINGS[kind]) for count in (2, 3))
    argument: Any = 4 if kind == "builtin" else "4"
    assert [spot.mark(each)(argument) for each in (twice, thrice)] == [twice(argument), thrice(argument)]


def test_an_object_that_is_changed_in_place_makes_other_calls(spot: bs.Spot):
    client = Client("small")
    marked = spot.mark(times(1)(client.ask))
    answers = [marked("a")]
    client.model = "large"
    assert [*answers, marked("a")] == ["small: a", "large: a"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Session("small").ask, "self"),
        (lambda: Session("small"), "self"),
        (lambda: functools.partial(ask, threading.Lock()), "model"),
        (lambda: functools.partial(ask, model=threading.Lock()), "model"),
    ],
    ids=["method", "object", "partial by place", "partial by name"],
)
def test_what_has_no_content_is_refused_by_the_name_that_leaves_it_out(make: Callable[[], Any], name: str):
    with pytest.raises(bs.UnkeyableArgument, match=f"argument '{name}'"):
        KeyMaker(times(1)(make())).key((), {"q": "a"})
    keys = [KeyMaker(times(1)(make()), ignore=(name,)).key((), {"q": "a"}) for _ in range(2)]
    assert keys[0] == keys[1]


def test_methods_marked_where_an_object_is_made_count_by_the_object(spot: bs.Spot):
    spot.register_key(Session, lambda session: session.model)
    assert [spot.mark(Session(model).asked)("a") for model in ("small", "large")] == ["small: a", "large: a"]
    assert [spot.run(Session(model).asked, "a") for model in ("small", "large")] == ["small: a", "large: a"]


def test_a_partial_has_the_name_of_its_function_and_functions_their_own_results(spot: bs.Spot):
    marked = [spot.mark(times(1)(functools.partial(function, "small"))) for function in (ask, embed)]
    assert [each("a") for each in marked] == ["small: a", "small of a"]
    assert KeyMaker(times(1)(functools.partial(ask, "small"))).func_name == KeyMaker(ask).func_name
    assert spot.invalidate(function=times(1)(functools.partial(ask, "small"))) == 1


def test_a_partial_of_what_stands_before_it_is_no_trouble(spot: bs.Spot):
    def wrapper(q: str) -> str:
        return q

    vars(wrapper)["__wrapped__"] = functools.partial(wrapper, "a")
    assert spot.mark(wrapper)("b") == "b"


def test_a_cached_method_has_the_keys_of_the_method():
    method = Client("small").ask
    assert KeyMaker(functools.lru_cache(method)).key(("a",), {}) == KeyMaker(method).key(("a",), {})


CELLS = """
import functools

def logged(function):
    @functools.wraps(function)
    def wrapper(*args): return function(*args)
    return wrapper

TONE = "kind"

def prompt(q): return TONE + q

class Call:
    def __call__(self, q): return prompt(q)

def ask(model, q): return prompt(q)

partial, instance = logged(functools.partial(ask, "small")), logged(Call())
"""


@pytest.mark.parametrize("version", [None, bs.FROM_CODE], ids=["no version", "FROM_CODE"])
@pytest.mark.parametrize("name", ["partial", "instance"])
def test_in_a_notebook_an_edit_of_what_lies_below_is_another_program(
    name: str, version: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))

    def key(source: str) -> str:
        world: dict[str, Any] = {"__name__": "__main__"}
        exec(source, world)
        return KeyMaker(world[name], version=version, ignore=("self",) * (name == "instance")).key(("a",), {})

    edits = [CELLS.replace("TONE + q", "q + TONE"), CELLS.replace("return prompt(q)", "return prompt(q) * 2")]
    assert key(CELLS) == key(CELLS)
    assert len({key(CELLS), *map(key, edits)}) == 3
