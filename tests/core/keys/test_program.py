"""Functions of a notebook: their keys hold what they read of their program by name."""

from types import ModuleType
from typing import Any

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot.keys import KeyMaker

CELLS = """
SIZE, SCALES, rows, counter = 12, (1, 2.5), [], 0

def shout(text):
    return louder(text) * SIZE

def louder(text):
    return text.upper()

def ask(x):
    global counter
    counter += 1
    rows.append(x)
    return shout("a"), SCALES, len(rows), __name__

def ping(x):
    return pong(x)

def pong(x):
    return ping(x - 1) if x else SIZE
"""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a notebook holds after its cell ran."""
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    world: dict[str, Any] = {"__name__": "__main__"}
    run(CELLS, world)
    return world


def run(cell: str, world: dict[str, Any]) -> None:
    exec(compile(cell, "<cell>", "exec"), world)


def key(maker: KeyMaker) -> str:
    return maker.key((1,), {})


@pytest.mark.parametrize(
    "cell",
    ["SIZE = 8", "SCALES = (1, 3)", "SIZE = 12.0", "def louder(text): return text", "def shout(text): return text"],
)
def test_an_edited_cell_above_makes_another_key_and_the_old_cell_the_old_one(world: dict[str, Any], cell: str):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run(cell, world)
    assert key(ask) != before
    run(CELLS, world)
    assert key(ask) == before


def test_the_cell_that_runs_again_makes_the_same_key(world: dict[str, Any]):
    before = key(KeyMaker(world["ask"]))
    run(CELLS, world)
    assert key(KeyMaker(world["ask"])) == before


def test_counters_and_what_is_changed_in_place_have_no_part(world: dict[str, Any]):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    world["ask"](1)
    world["rows"] = [1, 2, 3]
    assert key(ask) == key(KeyMaker(world["ask"])) == before


def test_functions_that_call_each_other_are_told_by_both(world: dict[str, Any]):
    ping = KeyMaker(world["ping"])
    before = key(ping)
    run("def pong(x): return x", world)
    assert key(ping) != before


def test_an_ignored_constant_has_no_part(world: dict[str, Any]):
    ask = KeyMaker(world["ping"], ignore=("SIZE",))
    before = key(ask)
    run("SIZE = 8", world)
    assert key(ask) == before
    with pytest.raises(ConfigurationError, match="known: x, SIZE, ping, pong"):
        KeyMaker(world["ping"], ignore=("SCALE",))


def test_a_variable_that_is_deleted_is_read_again(world: dict[str, Any]):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    del world["SCALES"]
    assert key(ask) != before


def test_a_module_with_a_name_is_told_by_that(world: dict[str, Any]):
    world["__name__"] = "app"
    run(CELLS, world)
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run("SIZE = 8", world)
    assert key(ask) == before
