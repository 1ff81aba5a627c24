"""No file and no function grows past what a reader holds in mind."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "packages").rglob("*.py") if "build" not in path.parts)
LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 300, 40


def long_functions(source: str) -> list[str]:
    """Return the functions above the limit, counted without decorators and docstring."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in nodes if length(node) > LINES_OF_A_FUNCTION]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_short(path: Path) -> None:
    source = path.read_text("utf-8")
    lines = source.count("\n")
    assert lines <= LINES_OF_A_FILE
    assert long_functions(source) == []


def test_a_long_function_is_found() -> None:
    body = "    x = 1\n" * LINES_OF_A_FUNCTION
    assert long_functions(f"def short():\n    '''One.\n\n    Two.\n    '''\n{body[10:]}\n\ndef long():\n{body}") == [
        "long"
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_fits_on_one_screen(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 40
