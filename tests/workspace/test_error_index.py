"""Every error and warning has an entry in the index, every warning its cause and fix, and the index has no other."""

import ast
import builtins
import importlib
import re
from pathlib import Path

import pytest
from workspace.warnings_given import warnings_given

ROOT = Path(__file__).parents[2]
OTHERS = "Python's own"
"""The heading above what we raise of Python's classes."""
CAUGHT = {"AssertionError", "EOFError", "RecursionError"}
"""What no caller meets: ours catch it where it is raised, or it is a contract's for tests."""
QUOTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
HANDED_ON = """
def report(what, category: type[CacheWarning] = CacheWarning): notices.tell(what, f"{what} went wrong", category)
def _report(what, category: type[CacheWarning]): report(what, category)
def _warn(what): notices.tell(what, CacheSaveWarning)
def read(): _report("reading", CacheReadWarning); self._warn("is not kept")
def write(): report("writing", category=CacheSaveWarning)
def other(): notices.tell("is of no class", what)
"""
MODULES = ("beautyspot.errors", "langchain_beautyspot.errors", "llama_index.callbacks.beautyspot.errors")


@pytest.fixture(scope="module")
def entries() -> dict[str, str]:
    parts = re.split(r"^## (.+)\n", (ROOT / "docs/reference/errors.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def classes() -> dict[str, type[Exception]]:
    found = [thing for name in MODULES for thing in vars(importlib.import_module(name)).values()]
    return {each.__name__: each for each in found if isinstance(each, type) and issubclass(each, Exception)}


def test_each_class_has_an_entry_and_each_entry_a_class(
    entries: dict[str, str], classes: dict[str, type[Exception]]
) -> None:
    assert entries.keys() - {OTHERS} == classes.keys()


def test_an_entry_says_which_builtin_a_class_also_is(
    entries: dict[str, str], classes: dict[str, type[Exception]]
) -> None:
    for name, thing in classes.items():
        for base in (base for base in thing.__bases__ if base.__module__ == "builtins" and base is not Exception):
            assert f"`{base.__name__}`" in entries[name].partition(".")[0], name


def test_each_warning_has_a_row_with_words_of_its_message(entries: dict[str, str]) -> None:
    given = list(warnings_given())
    assert len(given) > 20
    missing = []
    for place, category, words in given:
        rows = QUOTED.findall(entries[category if category in entries else OTHERS])
        if not any(row in words for row in rows):
            missing.append((place, category, words))
    assert missing == []


def test_a_warning_whose_class_is_handed_on_is_one_of_each_class(tmp_path: Path) -> None:
    (tmp_path / "packages/a/src").mkdir(parents=True)
    (tmp_path / "packages/a/src/told.py").write_text(HANDED_ON)
    given = [(each.category, each.words) for each in warnings_given(tmp_path) if each.place.startswith("told.py")]
    assert given == [
        ("CacheReadWarning", "went wrong"),
        ("CacheSaveWarning", "went wrong"),
        ("CacheWarning", "went wrong"),
        ("CacheSaveWarning", "is not kept"),
        (None, "is of no class"),
    ]


def test_each_row_quotes_a_warning_that_is_given(entries: dict[str, str]) -> None:
    given = list(warnings_given())
    rows = [(name, row) for name, text in entries.items() if name != OTHERS for row in QUOTED.findall(text)]
    assert [(name, row) for name, row in rows if not any(name == of and row in told for _, of, told in given)] == []


def test_what_we_raise_of_pythons_own_is_told(entries: dict[str, str]) -> None:
    raised = set()
    for path in ROOT.glob("packages/*/src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
                raised.add(node.exc.func.id)
    ours = {name for name in raised if hasattr(builtins, name)} - CAUGHT
    assert {name for name in ours if f"`{name}`" not in entries[OTHERS]} == set()
