"""The cells of closures: what they hold now, and which of them their own functions assign to."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false
from collections import defaultdict
from functools import lru_cache, partial
from types import FunctionType, MethodType
from typing import NamedTuple

from beautyspot.keys.attributes import held_by
from beautyspot.keys.callables import closure, is_ours
from beautyspot.keys.canonical import PLAIN
from beautyspot.wrapped import chain, is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """Return the cells of the functions in `content` with what they hold, but those of `counted_in`."""
    cells = [cell for function in _functions((content,), ()) for cell in closure(function).values()]
    own = counted_in(chain(content)) if cells else ()
    return tuple((cell, held(cell)) for cell in cells if id(cell) not in own)


def counted_in(layers: Sequence[object], /) -> frozenset[int]:
    """Return the `id` of every cell that the functions, or those that their cells hold, assign for themselves alone.

    That is what the innermost assigns itself; what one of its wrappers does, unless the innermost reads it; and what
    another function does, unless one reads it that doesn't assign it: then it may be how a setting is given.

    Args:
        layers: What wraps what, the innermost last.
    """
    assigning, reading = defaultdict[int, list[object]](list), defaultdict[int, list[object]](list)
    for function in _functions(layers, ()):
        used = _used(function.__code__)
        for name, cell in closure(function).items():
            assigning[id(cell)] += [function] * (name in used.assigned)
            reading[id(cell)] += [function] * (name in used.read)
    return frozenset(cell for cell, by in assigning.items() if by and _is_counted_in(by, reading[cell], layers))


def _is_counted_in(assigning: Sequence[object], reading: Sequence[object], layers: Sequence[object]) -> bool:
    *wrappers, inner = layers
    if inner in assigning:
        return True
    if any(wrapper in assigning for wrapper in wrappers):
        return inner not in reading
    return all(function in assigning for function in reading)


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
        if is_proxy(function):
            if id(function) not in lists:
                lists.add(id(function))
                waiting += held_by(function).values()
            continue
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


class _Used(NamedTuple):
    """The free variables of a function, by what it does with them."""

    assigned: frozenset[str]
    read: frozenset[str]


@lru_cache(maxsize=512)
def _used(code: CodeType) -> _Used:
    import dis  # 6 ms, for those of whose variables one has another value

    assigned, read = set[str](), set[str]()
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_DEREF", "DELETE_DEREF"):
            assigned.add(step.argval)
        elif "DEREF" in step.opname:  # one for functions, another for the bodies of classes
            read.add(step.argval)
    for inner in (_used(constant) for constant in code.co_consts if isinstance(constant, type(code))):
        assigned, read = assigned | inner.assigned, read | inner.read
    return _Used(*(frozenset(names).intersection(code.co_freevars) for names in (assigned, read)))
