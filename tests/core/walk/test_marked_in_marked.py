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


@pytest.fixture
def ask_of(monkeypatch: pytest.MonkeyPatch, spot: bs.Spot) -> Callable[..., Any]:
    def ask_of(source: str, version: object, name: str) -> Any:
        module: Any = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        module.bs, module.spot, module.VERSION = bs, spot, version
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
