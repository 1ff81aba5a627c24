"""What tells one function that a model holds from another."""

# What a function holds is of any type.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from beautyspot.keys.callables import closure
from beautyspot.keys.canonical import PLAIN
from beautyspot.keys.cells import counted_in, held
from beautyspot.keys.code import code_digest
from beautyspot.names import qualified_name

Identity = list[Any]


def function_identity(function: FunctionType, /) -> Identity:
    """Return a function's name, its code, and those of its defaults and cells that are plain data or functions.

    What it counts or collects from call to call, as those of mock models do, would make each call a new model.
    """
    return _identity(function, ())


def _identity(function: FunctionType, around: tuple[Callable[..., Any], ...]) -> Identity:
    inside = (*around, function)
    own = counted_in([function])
    cells = {name: held(cell) for name, cell in closure(function).items() if id(cell) not in own}
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    name, digest = qualified_name(function), code_digest(function.__code__)
    return [name, digest, *(_told(part, inside) for part in (defaults, cells.values()))]


def _told(values: Iterable[Any], around: tuple[Callable[..., Any], ...]) -> list[Any]:
    told: list[Any] = []
    for value in values:
        if isinstance(value, FunctionType):
            told.append(None if value in around else _identity(value, around))
        else:
            class_ = type(value)
            told.append(value if class_ in PLAIN or class_ is float else qualified_name(class_))
    return told
