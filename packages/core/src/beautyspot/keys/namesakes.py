"""Functions of one name: two that share results by accident, and one that is only being worked on."""

from __future__ import annotations

import ast
import os
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType
    from typing import TypeAlias

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


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
    here, there = (_functions_of(file).get(qualname) for file in (path, other))
    if here is None or there is None or here[1] == there[1]:
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
    found = [node for node in ast.walk(_tree_of(filename)) if isinstance(node, FUNCTIONS) and node.name == name]
    return {min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) for node in found}


def _tree_of(filename: str) -> ast.Module:
    """Return what the file says now; nothing if it is none of Python's."""
    try:
        with open(filename, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


@lru_cache(maxsize=16)
def _functions_of(filename: str) -> dict[str, tuple[int, str]]:
    """Return the line of each function by its qualified name, and what it does."""
    # The name comes from a database: what is no file of Python's, as a device or a pipe, is not opened.
    if not (filename.endswith(".py") and os.path.isfile(filename)):  # noqa: PTH113 - as above
        return {}
    tree = _tree_of(filename)
    world = dict(_bound(tree))
    return {name: (node.lineno, _deeds_of(node, world)) for name, node in _named(tree, "")}


def _named(parent: ast.AST, before: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, FUNCTIONS):
            yield before + node.name, node
        else:
            yield from _named(node, f"{before}{node.name}." if isinstance(node, ast.ClassDef) else before)


def _bound(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that the file defines or assigns outside its functions, each with what it stands for."""
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((name.id, node.value) for name in targets if isinstance(name, ast.Name))


def _deeds_of(function: Function, world: Mapping[str, ast.AST]) -> str:
    """Return a function's parameters and statements, and those of what it reads of its file by name."""
    told, waiting = {"": _parts_of(function)}, [function.name]
    nodes: dict[str, ast.AST] = {**world, function.name: function}
    while waiting:
        read = {node.id for node in ast.walk(nodes[waiting.pop()]) if isinstance(node, ast.Name)}
        new = [name for name in sorted(read & nodes.keys()) if name not in told]
        told.update((name, _parts_of(nodes[name])) for name in new)
        waiting += new
    return repr(sorted(told.items()))


def _parts_of(node: ast.AST) -> str:
    """Return what a function or value says: neither decorators nor docstring."""
    if not isinstance(node, FUNCTIONS):
        return ast.dump(node)
    body = node.body[ast.get_docstring(node, clean=False) is not None :]
    return " ".join(map(ast.dump, (node.args, *body)))
