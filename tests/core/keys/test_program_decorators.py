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


PLAIN = """
import functools

def hide(function):
    def call(*args):
        return function(*args) + 1
    return call

def show(function):
    @functools.wraps(function)
    def call(*args):
        return late(function(*args)) + 2
    return call

def late(number):
    return number + 3

@hide
def helper(number):
    return post(number)

def post(number):
    return number + 4

@functools.singledispatch
def chosen(number):
    return 0

@chosen.register(int)
def _(number):
    return add(number)

def add(number):
    return number + 5

class Choosing:
    @functools.singledispatchmethod
    def choose(self, number):
        return number + 6

    @choose.register
    def _(self, number: int):
        return number + 7

    def ask(self, number=0):
        return self.choose(number)

method = Choosing.ask

@show
@hide
def ask(number):
    return helper(number), chosen(number), shown(number)

@show
def shown(number):
    return number
"""


@pytest.mark.parametrize("number", range(1, 8))
def test_an_edited_decorator_or_what_it_or_dispatch_leads_to_makes_another_key(world: dict[str, Any], number: int):
    for name in ("ask", "shown", "helper", "chosen", "method"):
        changed = PLAIN.replace(f"+ {number}", "+ 9")
        keys: list[str] = []
        for cell in (PLAIN, changed, PLAIN):
            run(cell, world)
            keys.append(KeyMaker(world[name]).key((1,), {}))
        reached = {"ask": (1, 2, 3, 4, 5), "shown": (2, 3), "helper": (1, 4), "chosen": (5,), "method": (6, 7)}[name]
        assert keys[0] == keys[2]
        assert (keys[0] != keys[1]) == (number in reached)


CHOICE = "@chosen.register({kind})\ndef _(number): return {number}\n"


@pytest.mark.parametrize("name", ["ask", "chosen"])
def test_a_cell_that_registers_anew_for_single_dispatch_makes_another_key(world: dict[str, Any], name: str):
    run(PLAIN, world)
    key = KeyMaker(world[name]).key
    keys = [key((1,), {})]
    for kind, number in (("int", 7), ("str", 7), ("int", 8)):
        run(CHOICE.format(kind=kind, number=number), world)
        keys.append(key((1,), {}))
    assert len(set(keys)) == 4
    assert key((1,), {}) == keys[-1]
