"""Functions of one name: two that share results by accident, and one that is only being worked on."""

from __future__ import annotations

import ast
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType


def warning_of(name: str, one: CodeType, other: CodeType, /) -> str | None:
    """Return what to say of two functions whose keys are the same; None if the second stands for the first.

    A module that is reloaded brings the same function, be it changed: its old place is gone from its file, or the new
    function is there.
    """
    if not _both_are_there(one, other):
        return None
    places = " and ".join(f"{_path_of(code)}:{code.co_firstlineno}" for code in (one, other))
    return (
        f"two functions named {name!r} share their results, which are kept under a function's module and name "
        f"({places}); give one of them another name or a version= of its own"
    )


def _path_of(code: CodeType) -> str:
    return code.co_filename if _has_no_file(code) else os.path.abspath(code.co_filename)  # noqa: PTH100 - pathlib is 3 ms


def _has_no_file(code: CodeType) -> bool:
    """Say whether the code was compiled from a text that lies in no file: `<string>`, `<plugin>`."""
    return code.co_filename.startswith("<")


def _both_are_there(one: CodeType, other: CodeType) -> bool:
    if one.co_filename != other.co_filename:
        return all(_has_no_file(code) or os.path.isfile(code.co_filename) for code in (one, other))  # noqa: PTH113 - as above
    if _has_no_file(one):
        return True  # nobody can say whether the text has changed or there are two
    return {one.co_firstlineno, other.co_firstlineno} <= _lines_of(one.co_filename, one.co_name) and (
        one.co_firstlineno != other.co_firstlineno
    )


def _lines_of(filename: str, name: str) -> set[int]:
    """Return the first lines, decorators included, of the functions of that name in the file as it is now."""
    try:
        with open(filename, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds) and node.name == name]
    return {min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) for node in found}
