"""`FROM_CODE` of helpers that are made of others: which stands where, in which order, and what each was given."""

from pathlib import Path
from typing import Any

import beautyspot as bs
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
def steps(*every): return lambda x: [each(x) for each in every]

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
    "functions in a tuple": ("review, draft = one, steps(one, two)", "review, draft = one, steps(two, one)"),
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
def tokens(x, *, _memo={}, _all=set()):
    _memo[x], last = _memo.get(x, 0) + 1, x
    _all |= {x}
    return last

def f(x): return tokens(x)
"""
COPIED = {
    "changed in place, but given": "def helper(x, options={'a': 1}): options['x'] = x; return options",
    "a history": "def helper(x, messages=['a']): messages.append(x); return messages",
    "made anew": "def helper(x, options=['a']): options = list(options); options.append(x); return options",
    "added to": "def helper(x, options=['a']): options = options + [x]; options += [x]; return options",
    "of a function within": (
        "def helper(x, seen=['a']):\n"
        "    def inner():\n        seen = []\n        seen.append(x)\n        return seen\n"
        "    return inner() + seen"
    ),
    "read": "def helper(x, options={'a': 1}): made = {}; made[x] = options; return made",
    "beside what has no content": "def helper(x, stop=object(), options='a'): return options",
    "beside such a keyword": "def helper(x, *, stop=object(), options='a'): return options",
}


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


def in_a_file(source: str, folder: Path) -> dict[str, Any]:
    path = folder / f"app{abs(hash(source))}.py"
    path.write_text(source)
    world: dict[str, Any] = {"__name__": "app"}
    exec(compile(source, str(path), "exec"), world)
    return world


def test_what_helpers_remember_in_their_defaults_has_no_part(tmp_path: Path) -> None:
    fresh, asked = (in_a_file(MEMO, tmp_path) for _ in range(2))
    asked["f"]("word")
    assert version_from_code(fresh["f"]) == version_from_code(asked["f"])


@pytest.mark.parametrize("helper", COPIED.values(), ids=COPIED)
def test_what_helpers_copy_of_their_defaults_counts(tmp_path: Path, helper: str) -> None:
    sources = [f"{each}\ndef f(x): return helper(x)" for each in (helper, helper.replace("'a'", "'b'"), helper)]
    versions = [version_from_code(in_a_file(each, tmp_path)["f"]) for each in sources]
    assert versions[0] == versions[2] != versions[1]


def test_what_a_marked_function_remembers_in_its_defaults_is_as_it_was_unless_it_is_given(spot: bs.Spot) -> None:
    paid: list[str] = []

    @spot.mark
    def price(word: str, *, kept: dict[str, int] = {}, log: list[str] = [], tags: list[str] = []) -> int:  # noqa: B006 - as users write it
        log.append(word)
        paid.append(word)
        kept[word] = len(word) + len(tags)
        return kept[word]

    keys = [price.key(word) for word in ("owl", "fox")]
    for word in ("owl", "fox", "owl"):
        price(word)
    assert ([price.key(word) for word in ("owl", "fox")], paid) == (keys, ["owl", "fox"])
    assert price.key("owl", kept={"owl": 3}) != keys[0] != price.key("owl", tags=["a"])


def test_a_file_that_is_half_edited_and_a_default_that_holds_itself_are_read_all_the_same(tmp_path: Path) -> None:
    world = in_a_file("def helper(x, _kept={}): _kept[x] = 1\ndef f(x): return helper(x)\n", tmp_path)
    next(tmp_path.iterdir()).write_text("def helper(x, _kept={}): _kept[x] = max(1,\n")
    world["helper"].__defaults__[0]["own"] = world["helper"].__defaults__[0]
    assert version_from_code(world["f"]).startswith("code:")
