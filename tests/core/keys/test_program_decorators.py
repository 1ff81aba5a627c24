"""Decorators of what a function of a notebook calls: another setting is another program."""

from types import ModuleType
from typing import Any

import pytest
from beautyspot.keys import KeyMaker

CLOSURE = """
import functools

def scale(factor):
    def decorate(function):
        calls, seen = 0, {}

        @functools.wraps(function)
        def wrapper(*args):
            nonlocal calls
            calls += 1
            seen[args] = calls
            return function(*args) * factor

        return wrapper

    return decorate
"""
OBJECT = """
import functools

class Scaled:
    def __init__(self, function, factor):
        functools.update_wrapper(self, function)
        self.function, self.factor, self.seen = function, factor, {}

    def __call__(self, number):
        self.seen[number] = self.function(number) * self.factor
        return self.seen[number]

def scale(factor):
    return lambda function: Scaled(function, factor)
"""
HELPER = "@scale(2)\ndef helper(number): return number\n"
ASK = "def ask(number): return helper(number)\n"


def run(source: str, world: dict[str, Any]) -> None:
    exec(source, world)


@pytest.fixture(params=[CLOSURE, OBJECT], ids=["closure", "object"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a notebook holds after its cells ran."""
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    world: dict[str, Any] = {"__name__": "__main__"}
    run(request.param + HELPER + ASK, world)
    return world


@pytest.mark.parametrize(
    "cell", [HELPER.replace("2", "3"), HELPER.replace("return number", "return -number"), HELPER.split("\n")[1]]
)
def test_an_edited_decorator_of_a_helper_makes_another_key_and_the_old_cell_the_old_one(
    world: dict[str, Any], cell: str
):
    key = KeyMaker(world["ask"]).key
    before = key((1,), {})
    run(cell, world)
    assert key((1,), {}) != before
    run(HELPER, world)
    assert key((1,), {}) == before


def test_what_a_decorator_counts_and_collects_makes_no_other_key(world: dict[str, Any]):
    before = KeyMaker(world["ask"]).key((1,), {})
    world["helper"](7)
    assert KeyMaker(world["ask"]).key((1,), {}) == before


def test_a_cached_helper_is_the_helper_itself(world: dict[str, Any]):
    run("def helper(number): return number", world)
    before = KeyMaker(world["ask"]).key((1,), {})
    run("@functools.cache\ndef helper(number): return number", world)
    assert KeyMaker(world["ask"]).key((1,), {}) == before
