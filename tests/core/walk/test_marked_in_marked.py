"""A marked function within another: what its `version` says is said to whoever calls it."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import beautyspot as bs
import pytest

OF_A_MODULE = """
@spot.mark(version=VERSION)
def helper(x):
    return x

@spot.mark(version=bs.FROM_CODE)
def ask(x):
    return helper(x)
"""
CLOSED_OVER = """
def make():
    @spot.limiter()
    @spot.mark(version=VERSION)
    def helper(x):
        return x

    @spot.mark
    def ask(x):
        return helper(x)
    return ask

ask = make()
"""
OF_A_CLASS = """
class Client:
    @spot.mark(version=VERSION)
    def helper(self, x):
        return x

def make(helper):
    @spot.mark
    def ask(x):
        return helper(x)
    return ask

ask = make(Client.helper)
"""
OF_A_PARTIAL = """
from functools import partial

@spot.mark(version=VERSION)
def helper(x, y):
    return x

small = partial(helper, y=1)

@spot.mark(version=bs.FROM_CODE)
def ask(x):
    return small(x)
"""
OF_A_NOTEBOOK = OF_A_MODULE.replace("(version=bs.FROM_CODE)", "")
IMPORTED = """
exec("@spot.mark(version=VERSION)\\ndef helper(x): return x", helpers := {**globals(), "__name__": "helpers"})
helper = helpers["helper"]

@spot.mark(version=bs.FROM_CODE)
def ask(x):
    return helper(x)
"""
OF_AN_OBJECT = """
from dataclasses import dataclass

@dataclass
class Chain:
    model: str = "small"
    @spot.mark(version=VERSION)
    def step(self, x):
        return x
    def __call__(self, x):
        return self.step(x)

ask = spot.mark(version=bs.FROM_CODE)(Chain())
"""
OF_A_DECORATOR = """
import functools

@spot.mark(version=VERSION)
def helper(x):
    return x

def via(clean):
    def decorated(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(clean(x))
        return wrapper
    return decorated

@spot.mark(version=bs.FROM_CODE)
@via(helper)
def ask(x):
    return x
"""
HELPERS = """
from dataclasses import dataclass

def late(x):
    return x + 11

def wrapped(function):
    return lambda x: function(x) + 12

@spot.mark(version=bs.FROM_CODE)
@wrapped
def function(x):
    return late(x) + 13

@dataclass
class Helper:
    model: str = "small"
    def __call__(self, x):
        return late(x) + 14

an_object = spot.mark(version=bs.FROM_CODE)(Helper())
"""
CODE = {"function": ["11", "12", "13"], "an_object": ["11", "14"]}
CALLERS = {
    "by name": "@spot.mark(version=bs.FROM_CODE)\ndef ask(x): return helper(x)",
    "closed over": "ask = (lambda helper: spot.mark(lambda x: helper(x)))(helper)",
    "closed over by what is told by its code": (
        "ask = (lambda helper: spot.mark(version=bs.FROM_CODE)(lambda x: helper(x)))(helper)"
    ),
}


@pytest.fixture
def ask_of(monkeypatch: pytest.MonkeyPatch, spot: bs.Spot) -> Callable[..., Any]:
    def ask_of(source: str, version: object, name: str) -> Any:
        module: Any = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        module.bs, module.spot, module.VERSION, module.__file__ = bs, spot, version, f"{name}.py"
        exec(source, vars(module))
        return module.ask

    return ask_of


@pytest.mark.parametrize(
    ("source", "name"),
    [
        pytest.param(OF_A_MODULE, "app", id="called by name"),
        pytest.param(CLOSED_OVER, "app", id="closed over"),
        pytest.param(OF_A_CLASS, "app", id="a method"),
        pytest.param(OF_A_PARTIAL, "app", id="a partial"),
        pytest.param(OF_A_NOTEBOOK, "__main__", id="in a notebook"),
        pytest.param(OF_AN_OBJECT, "app", id="a method of a callable object"),
        pytest.param(OF_A_DECORATOR, "app", id="called by a decorator"),
        pytest.param(IMPORTED, "app", id="imported"),
        pytest.param(IMPORTED.replace("(version=bs.FROM_CODE)", ""), "__main__", id="imported by a notebook"),
    ],
)
def test_another_version_of_a_marked_helper_asks_its_callers_anew(
    source: str, name: str, ask_of: Callable[..., Any]
) -> None:
    keys = [ask_of(source, version, name).key(1) for version in ("1", "2", None, "1")]
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3


def test_a_mark_without_a_version_has_no_part_in_what_calls_its_function(ask_of: Callable[..., Any]) -> None:
    unmarked = CLOSED_OVER.replace("    @spot.limiter()\n    @spot.mark(version=VERSION)\n", "")
    assert ask_of(CLOSED_OVER, None, "app").key(1) == ask_of(unmarked, None, "app").key(1)


def made(source: str, name: str, spot: bs.Spot, **globals_: object) -> dict[str, Any]:
    world = {"__name__": name, "bs": bs, "spot": spot, **globals_}
    exec(source, world)
    return world


@pytest.mark.parametrize("marked", CODE)
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("name", ["app", "__main__", "helpers"], ids=["imported", "by a notebook", "of one module"])
def test_another_code_of_a_marked_helper_asks_its_callers_anew(
    spot: bs.Spot, marked: str, caller: str, name: str
) -> None:
    def key(helpers: str) -> str:
        if name == "helpers":
            return str(made(f"{helpers}\nhelper = {marked}\n{caller}", name, spot)["ask"].key(1))
        return str(made(caller, name, spot, helper=made(helpers, "helpers", spot)[marked])["ask"].key(1))

    edits = [HELPERS.replace(edit, f"{edit}00") for edit in CODE[marked]]
    assert key(HELPERS) == key(HELPERS) not in map(key, edits)


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("name", ["app", "__main__", "helpers"], ids=["imported", "by a notebook", "of one module"])
def test_a_helper_that_was_asked_before_changes_no_key_of_its_callers(spot: bs.Spot, caller: str, name: str) -> None:
    def key(*, is_asked: bool) -> str:
        helpers = made(f"{HELPERS}\nhelper = function", "helpers", spot)
        if is_asked:
            helpers["helper"].key(1)
        if name != "helpers":
            helpers = made("", name, spot, helper=helpers["helper"])
        exec(caller, helpers)
        return str(helpers["ask"].key(1))

    assert key(is_asked=True) == key(is_asked=False)
