"""What a function of a file does, told by its syntax and by that of all it reaches; nothing is run."""

from __future__ import annotations

import ast
import builtins
import os
from collections import deque
from functools import lru_cache
from symtable import symtable
from typing import NamedTuple

from beautyspot.keys.bindings import FUNCTIONS, bindings_of, bindings_of_file, may_be_read_by_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_FILES = 8
"""Files of a project that are followed from one function; what lies in the others is not compared."""

MOST_NAMES = 64
"""Names that are followed from one function, at up to 1 ms each: the first hit of a process waits for them."""


class Reach:
    """What a function says and what it reaches by name, as texts without what changes no answer.

    Names are followed to wherever their file binds them outside functions, and into files that it imports from beside
    it. Of a class or an imported file count the names that any of the texts reads as an attribute, on whatever object.
    """

    def __init__(self, path: str) -> None:
        """Have reached nothing."""
        self._path = path
        self._told: dict[tuple[str, str], str] = {}
        self._files = {path}
        self._attributes: set[str] = set()
        self._spaces: dict[tuple[str, str], _Space] = {}
        self._waiting: deque[tuple[_Space, str]] = deque()

    def differs(self, other: Reach, /) -> bool:
        """Say whether two functions of one name are known to do different things."""
        here, there = self._labelled(), other._labelled()
        if any(here[key] != there[key] for key in here.keys() & there.keys()):
            return True
        # A file that only one of them has beside it: the other's may say the same, wherever it lies.
        has_same_files = set(map(self._label, self._files)) == set(map(other._label, other._files))
        return has_same_files and max(len(here), len(there)) < MOST_NAMES and here.keys() != there.keys()

    def follow(self, space: _Space, name: str, /) -> None:
        """Reach what a space binds by a name, and all that this reads."""
        self._waiting.append((space, name))
        while self._waiting and len(self._told) < MOST_NAMES:
            while self._waiting:
                self._tell(*self._waiting.popleft())  # the nearest first
            self._waiting.extend(
                (each, name)
                for each in self._spaces.values()
                for name in each.bound
                if (each.path, each.prefix + name) not in self._told and each.counts(name, self._attributes)
            )

    def _tell(self, space: _Space, name: str) -> None:
        key, statements = (space.path, space.prefix + name), _statements_of(space, name)
        if key in self._told or not statements or len(self._told) >= MOST_NAMES:
            return
        heads = [_head_of(statement) for statement in statements]
        self._told[key] = text = "\n".join(dict.fromkeys(map(_text_of, heads)))
        self._attributes.update(part.attr for part in _parts_of(heads) if isinstance(part, ast.Attribute))
        reads = sorted(_read_by(text))  # in one order, so that two copies come to the same MOST_FILES
        self._waiting += [(_space_of(space.path), read) for read in reads]
        if not any(isinstance(statement, FUNCTIONS) for statement in statements):
            self._waiting += [(space, read) for read in reads]  # a class's body reads itself, its methods don't
        for part in _parts_of(heads):
            self._import(space.path, part)
        for statement in statements:
            if isinstance(statement, ast.ClassDef):
                self._enter(_space_in(space, statement))

    def _import(self, path: str, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._enter_file(_imported(path, alias.name, 0))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                file = _imported(path, module, node.level)
                if file is not None and self._knows(file):
                    self._waiting.append((_space_of(file), alias.name))
                self._enter_file(_imported(path, f"{module}.{alias.name}".lstrip("."), node.level))

    def _enter_file(self, path: str | None) -> None:
        if path is not None and self._knows(path):
            self._enter(_space_of(path))

    def _enter(self, space: _Space) -> None:
        self._spaces.setdefault((space.path, space.prefix), space)

    def _knows(self, path: str) -> bool:
        if len(self._files) < MOST_FILES:
            self._files.add(path)
        return path in self._files

    def _labelled(self) -> dict[tuple[str, str], str]:
        return {(self._label(path), name): text for (path, name), text in self._told.items()}

    def _label(self, path: str) -> str:
        """Return what a file is called in each copy of its project, and the function's own file in all."""
        return "" if path == self._path else os.path.relpath(path, os.path.dirname(self._path))  # noqa: PTH120 - pathlib is 3 ms


class _Space(NamedTuple):
    """The names of a file, or of a class."""

    path: str
    prefix: str
    """Of qualified names; empty for a file."""
    bound: Mapping[str, Sequence[ast.stmt]]
    has_fields: bool = False

    def counts(self, name: str, attributes: set[str], /) -> bool:
        """Say whether a name is reached by one of these attributes, or without any."""
        if name in attributes or not self.prefix:
            return name in attributes
        if name.startswith("__") and name.endswith("__"):
            return True
        return self.has_fields and not all(
            isinstance(each, FUNCTIONS) and not each.decorator_list for each in self.bound[name]
        )


def reached(path: str, qualname: str, /) -> tuple[int, Reach] | None:
    """Return the line of a function of a file, and what it does; None if it is not there."""
    *owners, name = qualname.split(".")
    space, reach = _space_of(path), Reach(path)
    for owner in owners:
        reach.follow(space, owner)
        classes = [node for node in space.bound.get(owner, ()) if isinstance(node, ast.ClassDef)]
        if not classes:
            return None
        space = _space_in(space, classes[-1])
    functions = [node for node in space.bound.get(name, ()) if isinstance(node, FUNCTIONS)]
    reach.follow(space, name)
    return (functions[-1].lineno, reach) if functions else None


@lru_cache(maxsize=2 * MOST_FILES)
def _space_of(path: str) -> _Space:
    # The name comes from a database: what is no file of Python's, as a device or a pipe, is not opened.
    is_one = path.endswith(".py") and os.path.isfile(path)  # noqa: PTH113 - pathlib is 3 ms
    return _Space(path, "", bindings_of_file(path) if is_one else {})


def _space_in(space: _Space, node: ast.ClassDef) -> _Space:
    return _Space(space.path, f"{space.prefix}{node.name}.", bindings_of(node.body), may_be_read_by_others(node))


def _statements_of(space: _Space, name: str) -> Sequence[ast.stmt]:
    """Return the statements that bind a name; for one that only an `import *` may bring, such imports of it alone."""
    if name in space.bound or hasattr(builtins, name):
        return space.bound.get(name, ())
    stars = [node for node in space.bound.get("*", ()) if isinstance(node, ast.ImportFrom)]
    return [ast.ImportFrom(node.module, [ast.alias(name)], node.level) for node in stars]


def _head_of(statement: ast.stmt) -> ast.stmt:
    """Return a class without its body; another statement as it is."""
    if isinstance(statement, ast.ClassDef):
        return ast.ClassDef(statement.name, statement.bases, statement.keywords, [ast.Pass()], statement.decorator_list)
    return statement


def _text_of(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Import) and statement.names[0].asname is None:
        return f"import {statement.names[0].name.partition('.')[0]}"  # what follows is said where the name is read
    return ast.unparse(ast.fix_missing_locations(statement))


def _parts_of(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    return (part for node in nodes for part in ast.walk(node))


def _read_by(text: str) -> set[str]:
    """Return the names that a text reads from its file, as opposed to its own variables."""
    tables = [symtable(text, "<text>", "exec")]
    for table in tables:
        tables += table.get_children()
    symbols = [symbol for table in tables for symbol in table.get_symbols()]
    return {symbol.get_name() for symbol in symbols if symbol.is_referenced() and symbol.is_global()}


def _imported(path: str, module: str, level: int) -> str | None:
    """Return the file beside a file that an import in it means; None for what comes from elsewhere."""
    folder, climbs = os.path.split(path)[0], level - 1
    while climbs > 0 or (level == 0 and os.path.isfile(f"{folder}/__init__.py")):  # noqa: PTH113 - pathlib is 3 ms
        above = os.path.split(folder)[0]
        if above == folder:
            return None
        folder, climbs = above, climbs - 1
    base = "/".join((folder, *module.split("."))) if module else folder
    candidates = [f"{base}/__init__.py", *([f"{base}.py"] if module else [])]
    return next(filter(os.path.isfile, candidates), None)
