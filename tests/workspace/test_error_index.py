"""Every error and warning has an entry in the index, and the index has no other."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("beautyspot.errors", "langchain_beautyspot.errors", "llama_index.callbacks.beautyspot.errors")


@pytest.fixture(scope="module")
def entries() -> dict[str, str]:
    parts = re.split(r"^## (\w+)\n", (ROOT / "docs/reference/errors.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def classes() -> dict[str, type[Exception]]:
    found = [thing for name in MODULES for thing in vars(importlib.import_module(name)).values()]
    return {each.__name__: each for each in found if isinstance(each, type) and issubclass(each, Exception)}


def test_each_class_has_an_entry_and_each_entry_a_class(
    entries: dict[str, str], classes: dict[str, type[Exception]]
) -> None:
    assert entries.keys() == classes.keys()


def test_an_entry_says_which_builtin_a_class_also_is(
    entries: dict[str, str], classes: dict[str, type[Exception]]
) -> None:
    for name, thing in classes.items():
        for base in (base for base in thing.__bases__ if base.__module__ == "builtins" and base is not Exception):
            assert f"`{base.__name__}`" in entries[name].partition(".")[0], name
