"""`FROM_CODE` of helpers that are made of others: which stands where, in which order, and what each was given."""

from pathlib import Path
from typing import Any

import pytest
from beautyspot.keys.code import version_from_code

MADE = """
from functools import partial, wraps

def complete(x, model): return x + model
def compose(first, second, x): return second(first(x))
def one(x): return x + 1
def two(x): return x * 2

def asking(model):
    def ask(x): return complete(x, model)
    return ask

def pipe(first, second): return lambda x: second(first(x))

def with_model(model):
    def decorated(function):
        @wraps(function)
        def wrapper(x): return function(x) + model
        return wrapper
    return decorated

def before(function):
    @wraps(function)
    def wrapper(x): return function(x + 1)
    return wrapper

def behind(function):
    @wraps(function)
    def wrapper(x): return function(x) * 2
    return wrapper

class Bot:
    draft, review = asking("small"), asking("large")
    def __call__(self, x): return self.review(self.draft(x))

HELPERS
def f(x): return review(draft(x))
"""
EDITS = {
    "partials": (
        'draft, review = partial(complete, model="small"), partial(complete, model="large")',
        'draft, review = partial(complete, model="large"), partial(complete, model="small")',
    ),
    "closures": (
        'draft, review = asking("small"), asking("large")',
        'draft, review = asking("large"), asking("small")',
    ),
    "settings of two helpers": (
        '@with_model("small")\ndef draft(x): return x\n@with_model("large")\ndef review(x): return x',
        '@with_model("large")\ndef draft(x): return x\n@with_model("small")\ndef review(x): return x',
    ),
    "settings of one helper": (
        'review = one\n@with_model("small")\n@with_model("large")\ndef draft(x): return x',
        'review = one\n@with_model("large")\n@with_model("small")\ndef draft(x): return x',
    ),
    "decorators": (
        "review = one\n@before\n@behind\ndef draft(x): return x",
        "review = one\n@behind\n@before\ndef draft(x): return x",
    ),
    "one more decorator": (
        "review = one\n@behind\ndef draft(x): return x",
        "review = one\n@behind\n@behind\ndef draft(x): return x",
    ),
    "functions closed over": ("review, draft = one, pipe(one, two)", "review, draft = one, pipe(two, one)"),
    "functions given": (
        "review, draft = one, partial(compose, one, two)",
        "review, draft = one, partial(compose, two, one)",
    ),
    "one of them twice": ("review, draft = one, pipe(one, one)", "review, draft = one, pipe(one, two)"),
}
MEMO = """
def memo(function, _kept={}):
    def wrapper(x, _seen=[]):
        _seen.append(x)
        if x not in _kept: _kept[x] = function(x)
        return _kept[x]
    return wrapper

@memo
def tokens(x, *, words=["a"], _memo={}):
    words = words + [x]
    _memo[x] = _memo.get(x, 0) + 1
    return words

def f(x): return tokens(x)
"""


def version(source: str, name: str = "f") -> str:
    world: dict[str, Any] = {"__name__": "app"}
    exec(source, world)
    return version_from_code(world[name])


@pytest.mark.parametrize(("was", "now"), EDITS.values(), ids=EDITS)
def test_what_helpers_are_made_of_counts_by_its_place(was: str, now: str) -> None:
    versions = [version(MADE.replace("HELPERS", each)) for each in (was, now, was)]
    assert versions[0] == versions[2] != versions[1]


def test_what_methods_close_over_counts_by_its_place() -> None:
    source = MADE.replace("HELPERS", "draft, review = one, two")
    exchanged = source.replace('asking("small"), asking("large")', 'asking("large"), asking("small")')
    versions = [version(each, "Bot") for each in (source, exchanged, source)]
    assert versions[0] == versions[2] != versions[1]


def test_what_helpers_remember_in_their_defaults_has_no_part(tmp_path: Path) -> None:
    def made(source: str, *, asked: bool = False) -> str:
        path = tmp_path / f"app{abs(hash(source))}.py"
        path.write_text(source)
        world: dict[str, Any] = {"__name__": "app"}
        exec(compile(source, str(path), "exec"), world)
        if asked:
            world["f"]("word")
        return version_from_code(world["f"])

    assert made(MEMO) == made(MEMO, asked=True)
    assert made(MEMO) != made(MEMO.replace('["a"]', '["b"]'))
