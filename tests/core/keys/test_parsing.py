"""Source as a tree, whatever else parses meanwhile."""

import ast
import gc
import inspect
from collections.abc import Iterator

import pytest
from beautyspot.keys import parsing
from beautyspot.keys.parsing import parsed

SOURCE = inspect.getsource(parsing) * 20


class Parses:
    """Garbage whose finalizer parses, as a thread may that it lets run."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        ast.parse("x = 1")


@pytest.fixture
def garbage() -> Iterator[None]:
    """A collection of garbage that comes while something is parsed."""
    gc.collect()
    before = gc.get_threshold()
    gc.set_threshold(1000)
    Parses()
    yield
    gc.set_threshold(*before)


def test_a_parse_within_a_parse_breaks_neither(garbage: None) -> None:
    assert len(parsed(SOURCE).body) == len(ast.parse(SOURCE).body)


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        parsed("x =")
