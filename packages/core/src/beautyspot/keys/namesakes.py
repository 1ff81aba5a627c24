"""Functions of one name: two that share results by accident, and one that is only being worked on."""

from __future__ import annotations

import ast
import os

from beautyspot.keys.bindings import FUNCTIONS, tree_of

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


def warning_of_files(name: str, qualname: str, path: str, other: str, /) -> str | None:
    """Return what to say of two files whose functions of one name share results; None if they do the same.

    Args:
        other: Who kept a result last, be it another one than is met; a file that is gone was moved here.
    """
    from beautyspot.keys.reach import reached  # two functions of one module are told of without

    here, there = reached(path, qualname), reached(other, qualname)
    if here is None or there is None or not here[1].differs(there[1]):
        return None
    return (
        f"functions named {name!r} in two files share their results, which are kept under a function's module and "
        f"name, and their code, or what it reads, differs: {other}:{there[0]} and {path}:{here[0]}; "
        "give one file or function another name, one of them a version=, or each a Spot of its own name"
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
    found = [node for node in ast.walk(tree_of(filename)) if isinstance(node, FUNCTIONS) and node.name == name]
    return {min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) for node in found}
