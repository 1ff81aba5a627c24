"""The cells of closures: what they hold now, and which of them their own functions assign to."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
from functools import partial
from types import FunctionType, MethodType

from beautyspot.keys.callables import closure, is_ours
from beautyspot.keys.canonical import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType
    from typing import Any, TypeAlias, TypeVar

    T = TypeVar("T")

Held: TypeAlias = "tuple[Any, object]"
"""A cell, or a variable of the program, and what it held, which is told by identity: what is changed in place stays."""

_NOTHING = object()
_LEAVES = PLAIN | {float, dict, set, frozenset}
"""Types of which no value is a function, or a list of some."""


def held(cell: Any, /) -> object:
    """Return what a cell holds now, one and the same object for nothing."""
    try:
        return cell.cell_contents
    except ValueError:
        return _NOTHING


def held_in(cell: Any, but: Iterable[FunctionType], /) -> tuple[Held, ...]:
    """Return a cell with what it holds, and the cells of the functions in it, and so on; without those of `but`."""
    cells = [cell]
    for function in _functions([held(cell)], but):
        cells += closure(function).values()
    return tuple((each, held(each)) for each in cells)


def held_below(content: object, /) -> tuple[Held, ...]:
    """Return the cells of the functions in `content` with what they hold, but those that they assign to themselves."""
    cells = [cell for function in _functions((content,), ()) for cell in closure(function).values()]
    own = assigned((content,)) if cells else ()
    return tuple((cell, held(cell)) for cell in cells if id(cell) not in own)


def assigned(functions: Iterable[object], /) -> frozenset[int]:
    """Return the `id` of every cell that the functions, or those that their cells hold, assign to themselves."""
    return frozenset(
        id(cell)
        for function in _functions(functions, ())
        for name, cell in closure(function).items()
        if name in _assigned_names(function.__code__)
    )


def watching(cells: Iterable[Held], then: Callable[[], T], otherwise: Callable[[], T], /) -> Callable[[], T]:
    """Return what calls `then` as long as all cells hold what they held, and `otherwise` after that."""
    cells = tuple(cells)

    def call() -> T:
        try:
            for cell, content in cells:
                if cell.cell_contents is not content:
                    return otherwise()
        except ValueError:  # it is empty
            return otherwise()
        return then()

    return call


def _functions(contents: Iterable[object], but: Iterable[FunctionType]) -> Iterator[FunctionType]:
    seen, waiting, lists = [*but], [*contents], set[int]()
    while waiting:
        function: Any = waiting.pop()
        while is_ours(function) and "__wrapped__" in getattr(function, "__dict__", ()):
            function = function.__wrapped__  # a marked function is told by what is marked
        if isinstance(function, partial):
            waiting += (function.func, *function.args, *function.keywords.values())
        elif isinstance(function, MethodType):
            waiting.append(function.__func__)
        elif isinstance(function, (tuple, list)):
            if id(function) not in lists:  # it may hold itself
                lists.add(id(function))
                # A corpus is a million of leaves, of which a look at each would take seconds.
                if kinds := {*map(type, function)} - _LEAVES:
                    waiting += [each for each in function if type(each) in kinds]
        elif isinstance(function, FunctionType) and function not in seen:
            seen.append(function)
            waiting += map(held, closure(function).values())
            yield function


def _assigned_names(code: CodeType) -> set[str]:
    import dis  # 6 ms, for those of whose variables one has another value

    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_DEREF", "DELETE_DEREF")}
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            names |= _assigned_names(constant)
    return names
