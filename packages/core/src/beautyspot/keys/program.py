"""What a function of a notebook reads of its program by name: other functions there, and constants."""

import builtins
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.callables import function_form, opaque
from beautyspot.keys.canonical import Canonical, Form, NoContentError
from beautyspot.keys.cells import Held
from beautyspot.keys.code import unwrap

CONSTANTS = (type(None), bool, int, float, complex, str, bytes)
"""What can't be changed in place, alone or in a tuple or frozenset."""


class Variable:
    """A global variable, read as a cell is."""

    __slots__ = ("_name", "_world")

    def __init__(self, world: dict[str, Any], name: str) -> None:
        """Look at `name` in the globals of a program."""
        self._world, self._name = world, name

    @property
    def cell_contents(self) -> Any:
        """What it holds now.

        Raises:
            ValueError: it is deleted.
        """
        try:
            return self._world[self._name]
        except KeyError:
            raise ValueError(self._name) from None


class Read(NamedTuple):
    """What was read."""

    form: Form
    held: tuple[Held, ...]
    """The variables that it was made of; while they hold this, it stays as it is."""


def names_read(function: FunctionType, /) -> list[str]:
    """Return the global names that the function and those that it calls read, without those of Python."""
    names = {*_names(function.__code__, "LOAD_GLOBAL"), *_reach(function)[0]}
    return sorted(name for name in names if not hasattr(builtins, name))


def read_by(function: FunctionType, ignore: Collection[str], canonical: Canonical, /) -> Read:
    """Return the functions of its program that `function` calls by name, those that they call, and all their constants.

    Variables that one of them assigns are left out, as a counter makes no other call.
    """
    world = function.__globals__
    contents, assigned = _reach(function)
    told = {
        name: content
        for name, content in sorted(contents.items())
        if name not in assigned and name not in ignore and (_is_constant(content) or _is_of(world, content))
    }
    form = {name: _form(canonical, content) for name, content in told.items()}
    return Read(form, tuple((Variable(world, name), content) for name, content in told.items()))


def _reach(function: FunctionType) -> tuple[dict[str, Any], set[str]]:
    """Return what the global names hold that are read from `function` on, and the names that are assigned."""
    world, contents, assigned = function.__globals__, dict[str, Any](), set[str]()
    waiting = [function]
    while waiting:
        code = waiting.pop().__code__
        assigned.update(_names(code, "STORE_GLOBAL"), _names(code, "DELETE_GLOBAL"))
        for name in _names(code, "LOAD_GLOBAL"):
            if name in world and name not in contents and not name.startswith("__"):
                contents[name] = world[name]
                if _is_of(world, world[name]):
                    waiting.append(unwrap(world[name]))
    return contents, assigned


def _names(code: CodeType, instruction: str) -> Iterator[str]:
    import dis  # 6 ms, for functions that are told by their code

    for step in dis.get_instructions(code):
        if step.opname == instruction:
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant, instruction)


def _form(canonical: Canonical, content: Any) -> Form:
    if _is_constant(content):
        return canonical.form(content)
    inner = unwrap(content)
    try:
        return function_form(canonical, inner)
    except NoContentError:  # of a default, or of what a helper closes over
        return opaque(inner)


def _is_of(world: dict[str, Any], content: Any) -> bool:
    inner = unwrap(content)
    return isinstance(inner, FunctionType) and inner.__globals__ is world


def _is_constant(content: Any) -> bool:
    if type(content) in (tuple, frozenset):
        return all(map(_is_constant, content))
    return type(content) in CONSTANTS
