"""Forms of decorators that are objects: their settings make other results, as those of a closure do."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Mapping
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.binding import stands_before
from beautyspot.keys.callables import is_ours
from beautyspot.keys.canonical import Canonical, Form, tag
from beautyspot.keys.cells import Held, held, held_below
from beautyspot.keys.lenient import Lenient, lenient_form
from beautyspot.wrapped import unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.keys.states import State

_AGAIN = tag("again")
_SHOWN = frozenset(
    ("__annotate__", "__annotations__", "__doc__", "__module__", "__name__", "__qualname__", "__type_params__")
)
"""What `functools.update_wrapper` sets in any release of Python, besides `__wrapped__`: how the function is shown."""

_ABSENT = object()


class Taken(NamedTuple):
    """What was taken down of an attribute."""

    content: object
    """What it held, told by identity: what is changed in place stays."""
    cells: tuple[Held, ...]
    """Of the functions in it, with what they held."""
    form: Form


def decorator_form(canonical: Canonical, decorator: object, attributes: Mapping[str, Any], /) -> list[Form]:
    """Return forms of the function that stands behind, and of the settings among the attributes.

    A setting that has another value is taken anew; not what is changed in place, nor what the decorator's own calls
    assign and no caller chooses, which stay as they were when they were first looked at.

    Args:
        decorator: An object that stands before a function.
        attributes: What it holds.

    Raises:
        NoContentError: the function closes over what has none.
    """
    # Without the functions around it, so that it is taken once for all of them.
    around = [each for each in canonical.active if not isinstance(each, (FunctionType, type))]
    for place, each in enumerate(around):
        if each is decorator:
            return [_AGAIN, place]
    around.append(decorator)
    inside = Lenient(canonical.registry, tuple(around))
    taken: dict[str, Taken] = canonical.registry.sights.of(decorator).setdefault(tuple(map(id, around)), {})
    wrapped, state = attributes["__wrapped__"], _state_of(decorator)
    names = sorted(name for name, item in attributes.items() if item is wrapped and name not in state.assigned)
    behind = _behind(inside, taken, wrapped)
    settings = {name: _form(inside, taken, name, item) for name, item in settings_of(decorator, attributes).items()}
    for name in state.assigned - state.left_out - settings.keys():
        first = taken.get(name) or taken.setdefault(name, _take(inside, attributes.get(name, _ABSENT)))
        if first.content is not _ABSENT and first.content is not wrapped:
            settings[name] = first.form
    return [names, behind, {name: settings[name] for name in sorted(settings)}]


def settings_of(decorator: object, attributes: Mapping[str, Any], /) -> dict[str, Any]:
    """Return what it has but the function that stands behind, and the state of the decorator's calls."""
    wrapped, state = attributes["__wrapped__"], _state_of(decorator)
    marks = _marks(wrapped)
    return {
        name: item
        for name, item in attributes.items()
        # Most have it twice, as `__wrapped__` and by a name of their own, and its form is the dearest of them all.
        if item is not wrapped and not (name in marks and item is marks[name])
        if name not in _SHOWN and state.is_setting(name, item)
        # Such as the name of the attribute under which `wrapt.lru_cache` keeps a cache: another in each process.
        if not (type(item) is str and str(id(decorator)) in item)
    }


def _state_of(decorator: object) -> State:
    from beautyspot.keys.states import state_of  # `ast` and `inspect` are 20 ms of a notebook's first call

    return state_of(type(decorator))


def _behind(inside: Lenient, taken: dict[str, Taken], wrapped: Any) -> Form:
    if not _is_still(taken.get("__wrapped__"), wrapped):
        # A decorator in between may hold a lock; what the function itself closes over is refused if it has no content.
        Canonical(inside.registry, inside.active).form(unwrap(wrapped))
    return _form(inside, taken, "__wrapped__", wrapped)


def _form(inside: Lenient, taken: dict[str, Taken], name: str, item: Any) -> Form:
    before = taken.get(name)
    if before is not None and _is_still(before, item):
        return before.form
    if stands_before(item) and not isinstance(item, FunctionType):
        return inside.form(item)  # it looks at its own settings each time
    now = _take(inside, item)
    # Of two threads that look at once, the one that is later may see what the other's call has changed in place.
    if before is None:
        return taken.setdefault(name, now).form
    taken[name] = now
    return now.form


def _take(inside: Lenient, item: Any) -> Taken:
    cells = held_below(item)
    return Taken(item, cells, lenient_form(inside, item))


def _is_still(taken: Taken | None, item: Any) -> bool:
    if taken is None or taken.content is not item:
        return False
    return not taken.cells or all(held(cell) is content for cell, content in taken.cells)


def _marks(wrapped: Any) -> Mapping[str, Any]:
    """Return what this library added to a marked or limited function, which `update_wrapper` copies."""
    if not is_ours(wrapped):
        return {}
    before = getattr(wrapped.__wrapped__, "__dict__", {})
    return {name: item for name, item in vars(wrapped).items() if name not in before}
