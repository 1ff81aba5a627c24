"""Defaults in which functions remember something, as keys have them."""

import functools
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.keys import KeyMaker
from beautyspot.keys.code import version_from_code
from beautyspot.keys.memos import memos_of

# ruff: noqa: B006 - memos as users write them


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(word: str, _known: dict[str, Any] = {}) -> Any:
        if word not in _known:
            _known[word] = function(word)
        return _known[word]

    return wrapper


class Remembered:
    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, word: str, _known: dict[str, Any] = {}) -> Any:
        return _known.setdefault(word, self.function(word))


@dataclass
class Shop:
    def price(self, word: str, _known: dict[str, int] = {}) -> int:
        return _known.setdefault(word, len(word))

    def praise(self, word: str, _known: dict[str, str] = {}) -> str:
        prompt = """
Praise it in one line.
"""
        return _known.setdefault(word, prompt + word)


def price(word: str) -> int:
    return len(word)


def counted(word: str, _seen: list[str] = []) -> int:
    _seen.append(word)
    return len(_seen)


MARKED: dict[str, Callable[[], Callable[..., Any]]] = {
    "a wrapper": lambda: remembered(price),
    "a wrapper of one": lambda: remembered(remembered(price)),
    "a wrapper of another memo": lambda: remembered(counted),
    "below a decorator": lambda: functools.wraps(counted)(lambda *args, **kwargs: counted(*args, **kwargs)),
    "a decorator that is an object": lambda: Remembered(price),
    "a partial": lambda: functools.partial(remembered(lambda word: price(word))),
    "a method": lambda: Shop().price,
    "a method with a prompt": lambda: Shop().praise,
    "a function": lambda: counted,
}


@pytest.mark.parametrize("version", [None, bs.FROM_CODE], ids=["by name", "from code"])
@pytest.mark.parametrize("make", MARKED.values(), ids=MARKED)
def test_what_a_layer_remembers_in_its_default_makes_no_other_call(make: Callable[[], Any], version: Any) -> None:
    function = make()
    keys = KeyMaker(function, version=version)
    before = keys.key(("owl",), {})
    function("fox")
    assert keys.key(("owl",), {}) == before
    assert KeyMaker(function, version=version).key(("owl",), {}) == before
    assert keys.key(("owl", {"owl": 3}), {}) != before


MODULE = """
import collections as c, typing
import collections
from collections import OrderedDict, defaultdict, deque, deque as queue
from itertools import count
Rows = list[str]
PAIR = (dict, {{"model": "small"}})
class SETTINGS:
    dict = staticmethod(lambda: {{"model": "small"}})
def set():
    return {{"small"}}
def helper(word, _kept={memo}):
    {change}
    return word
"""
APPEND, SET = "_kept.append(word)", "_kept[word] = word"
EMPTY = {
    "deque(maxlen=9)": APPEND,
    "deque([], 9)": APPEND,
    "collections.deque[str]((), maxlen=9)": APPEND,
    "list[str]()": APPEND,
    "dict[str, int]()": SET,
    "OrderedDict()": SET,
    "collections.Counter()": SET,
    "defaultdict[str, list](list)": SET,
    "defaultdict(count().__next__)": "_kept[word] += 0",
    "c.Counter()": SET,
    "queue(maxlen=9)": APPEND,
    "typing.Deque[str]()": APPEND,
    "Rows()": APPEND,
}
FILLED = {
    "deque(['a'], 9)": APPEND,
    "deque('a')": APPEND,
    "dict(maxlen=9)": SET,
    "defaultdict(list, a=[])": SET,
    "defaultdict(*PAIR)": SET,
    "[[]]": APPEND,
    "[{}]": APPEND,
    "SETTINGS.dict()": SET,
    "set()": "_kept.add(word)",
}


def helper_of(folder: Path, memo: str, change: str) -> Any:
    path, source = folder / "app.py", MODULE.format(memo=memo, change=change)
    path.write_text(source)
    world: dict[str, Any] = {"__name__": "app"}
    exec(compile(source, str(path), "exec"), world)
    return world["helper"]


def told(function: Any) -> tuple[str, ...]:
    """Return the key of a call, the function's version, and the key of a call that is given it."""
    return (
        KeyMaker(function).key(("owl",), {}),
        version_from_code(function),
        KeyMaker(price).key((function,), {}),
    )


@pytest.mark.parametrize(("memo", "change"), EMPTY.items(), ids=EMPTY)
def test_a_default_that_is_written_empty_is_told_as_it_was(tmp_path: Path, memo: str, change: str) -> None:
    helper = helper_of(tmp_path, memo, change)
    before = told(helper)
    helper("fox")
    assert told(helper) == before


@pytest.mark.parametrize(("memo", "change"), FILLED.items(), ids=FILLED)
def test_a_default_that_is_written_with_something_in_it_is_told_by_that(tmp_path: Path, memo: str, change: str) -> None:
    helper = helper_of(tmp_path, memo, change)
    before = told(helper)
    helper("fox")
    assert not set(told(helper)) & set(before)


def test_a_memo_of_a_kind_that_the_function_around_imports_is_told_as_it_was() -> None:
    from collections import OrderedDict as Ordered
    from collections import deque

    def helper(word: str, _kept: deque[str] = deque(maxlen=9), _other: Any = Ordered()) -> None:
        _kept.append(word)
        _other[word] = 1

    assert memos_of(helper) == {"_kept"}  # under another name nobody can tell


@pytest.mark.parametrize(
    ("change", "memos"),
    [(APPEND, ("deque(maxlen=8)", "deque(maxlen=9)")), (SET, ("defaultdict(int)", "defaultdict(list)"))],
    ids=["maxlen", "default_factory"],
)
def test_what_an_empty_memo_is_made_with_counts(tmp_path: Path, change: str, memos: tuple[str, str]) -> None:
    one, other = (told(helper_of(tmp_path, memo, change)) for memo in memos)
    assert not set(one) & set(other)


def test_a_default_that_is_filled_by_an_edit_of_its_module_is_told_by_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "memos_app.py").write_text(MODULE.format(memo="{}", change=SET))
    module = importlib.import_module("memos_app")
    try:
        before = told(module.helper)
        (tmp_path / "memos_app.py").write_text(MODULE.format(memo="{'a': 'b'}", change=SET))
        assert not set(told(importlib.reload(module).helper)) & set(before)
    finally:
        del sys.modules["memos_app"]
