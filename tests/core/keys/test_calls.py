"""What partials and context managers are given: what runs within another one's is another program."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType
from typing import Any

import pytest
from beautyspot.keys import FROM_CODE, KeyMaker

PROGRAM = """
import json
from contextlib import contextmanager
from functools import lru_cache, partial

def complete(prompt, model="small", end="."): return f"{model}: {prompt}{end}"

@lru_cache
def cached(prompt, model): return f"{model}: {prompt}"

by_name, by_place, of_cached = partial(complete, model="a"), partial(complete, "b"), partial(cached, model="c")
of_another = partial(json.dumps, indent=4)

@contextmanager
def mode(name):
    yield name * 5

@mode("d")
def within(prompt): return prompt

opened = mode("e")

def calls_by_name(prompt): return by_name(prompt)
def calls_by_place(prompt): return by_place(prompt)
def calls_of_cached(prompt): return of_cached(prompt)
def calls_of_another(prompt): return of_another(prompt)
def calls_within(prompt): return within(prompt)
def calls_opened(prompt):
    with opened: return prompt
"""
EDITS = {
    "by_name": ('"a"', '"z"'),
    "by_place": ('"b"', '"z"'),
    "of_cached": ('"c"', '"z"'),
    "of_another": ("indent=4", "indent=2"),
    "within": ('"d"', '"z"'),
    "opened": ('"e"', '"z"'),
}


def key_in(world: dict[str, Any], source: str, name: str, **choices: Any) -> str:
    exec(source, world)
    return KeyMaker(world[name], **choices).key(("hi",), {})


@pytest.mark.parametrize("name", EDITS)
def test_a_version_from_code_follows_what_a_helper_is_given(name: str):
    def key(source: str) -> str:
        return key_in({"__name__": "app"}, source, f"calls_{name}", version=FROM_CODE)

    others = (each for each in EDITS.items() if each[0] != name)
    assert key(PROGRAM) != key(PROGRAM.replace(*EDITS[name]))
    assert {key(PROGRAM.replace(*edit)) for _, edit in others} == {key(PROGRAM)}


@pytest.mark.parametrize("name", ["by_name", "by_place", "of_another", "within"])
def test_so_does_a_notebook(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))

    def key(source: str) -> str:
        return key_in({"__name__": "__main__"}, source, f"calls_{name}")

    assert key(PROGRAM) == key(PROGRAM) != key(PROGRAM.replace(*EDITS[name]))


@pytest.mark.parametrize("edit", [EDITS["within"], ("name * 5", "name * 6")], ids=["setting", "code"])
@pytest.mark.parametrize("name", ["within", "calls_within"])
def test_a_notebooks_context_manager_counts_with_its_code(
    name: str, edit: tuple[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    keys = [key_in({"__name__": "__main__"}, source, name) for source in (PROGRAM, PROGRAM, PROGRAM.replace(*edit))]
    assert keys[0] == keys[1] != keys[2]


@contextmanager
def heated(degrees: object) -> Iterator[None]:
    yield


@asynccontextmanager
async def heated_later(degrees: object) -> AsyncIterator[None]:
    yield


def local(degrees: object) -> Any:
    @contextmanager
    def heated(more: int) -> Iterator[object]:
        yield degrees

    return heated(1)


def agent(decorate: Callable[[Any], Any]) -> str:
    @decorate
    def ask(prompt: str) -> str:
        return prompt

    return KeyMaker(ask).key(("hi",), {})


@pytest.mark.parametrize("make", [heated, heated_later, local], ids=lambda make: make.__name__)
def test_as_a_decorator_it_counts_by_what_it_is_given(make: Callable[[Any], Any]):
    assert agent(make(0.1)) == agent(make(0.1)) != agent(make(0.9))


def test_what_has_no_content_there_counts_by_its_class():
    assert agent(heated(threading.Lock())) == agent(heated(threading.Lock())) != agent(heated(0.1))


@pytest.mark.parametrize("choices", [{}, {"version": FROM_CODE}], ids=["plain", "from code"])
def test_one_whose_block_has_begun_is_no_trouble(choices: dict[str, Any]):
    world: dict[str, Any] = {"__name__": "app"}
    exec(PROGRAM, world)
    with world["opened"]:
        assert KeyMaker(world["calls_opened"], **choices).key(("hi",), {})
        assert agent(world["opened"])
