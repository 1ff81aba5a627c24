"""What stands in a function's code beside its own steps: bodies of classes, and imports elsewhere."""

from types import ModuleType
from typing import Any

import pytest
from beautyspot.keys import KeyMaker
from beautyspot.keys.code import version_from_code


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a notebook holds before its first cell."""
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    return {"__name__": "__main__"}


def run(cell: str, world: dict[str, Any]) -> None:
    exec(compile(cell, "<cell>", "exec"), world)


def key(maker: KeyMaker) -> str:
    return maker.key((1,), {})


FORM = """
HINT, LATER, own = "short", 1, 2

def shown(text):
    return text.upper()

def ask(x):
    class Out:
        own = 3
        hint, size = shown(HINT), own
        def more(self): return LATER
    return Out.hint
"""


@pytest.mark.parametrize("cell", ["HINT = 'long'", "def shown(text): return text", "LATER = 8"])
def test_an_edit_of_what_the_body_of_a_local_class_reads_makes_another_key(world: dict[str, Any], cell: str):
    run(FORM, world)
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run(cell, world)
    assert key(ask) != before
    run(FORM, world)
    assert key(ask) == key(KeyMaker(world["ask"])) == before


def test_what_the_body_of_a_local_class_binds_itself_is_no_name_of_the_program(world: dict[str, Any]):
    run(FORM, world)
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run("own = 4", world)
    assert key(ask) == before


def test_an_import_that_moves_to_another_cell_changes_no_key(world: dict[str, Any]):
    ask = "def ask(x):\n    return math.floor(x) + os.path.getsize(x)\n"
    keys = set[str]()
    for cell in ("import math, os\n" + ask, ask, "import os\n" + ask):
        run(cell, world)
        keys.add(key(KeyMaker(world["ask"])))
    run(ask.replace("floor", "ceil"), world)
    assert len(keys) == 1
    assert key(KeyMaker(world["ask"])) not in keys


def test_what_the_body_of_a_local_class_calls_changes_it():
    source = "def helper(): return 1\ndef f(x):\n  class C:\n    y = helper()\n  return C.y\n"
    versions: list[str] = []
    for number in (1, 1, 2):
        world: dict[str, Any] = {"__name__": "app"}
        run(source.replace("return 1", f"return {number}"), world)
        versions.append(version_from_code(world["f"]))
    assert versions[0] == versions[1] != versions[2]
