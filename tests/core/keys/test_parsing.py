"""Source as a tree, whatever else parses meanwhile."""

import ast
import gc
import inspect
from collections.abc import Iterator

import pytest
from beautyspot.keys import parsing
from beautyspot.keys.parsing import parsed, parsed_block

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


@pytest.mark.parametrize("indent", ["", "    ", "\t"], ids=["none", "spaces", "tab"])
def test_a_part_of_a_file_is_read_as_deep_as_it_is_written_and_its_texts_as_they_are(indent: str) -> None:
    prompt = "\nSummarise.\n   \n    In one line.\n"
    [function] = parsed_block(f'{indent}def ask():\n# aside\n{indent} return """{prompt}"""\n').body
    assert isinstance(function, ast.FunctionDef)
    assert ast.literal_eval(function.body[0].value) == prompt  # pyright: ignore[reportAttributeAccessIssue]


def test_a_part_that_is_no_python_by_itself_is_refused() -> None:
    with pytest.raises(SyntaxError):
        parsed_block("    else:\n        x = 1\n")
