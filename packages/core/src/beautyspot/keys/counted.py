"""Attributes in which a class counts or lists its own calls: they make no other call, so no key has them."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from beautyspot.keys.callables import closure
from beautyspot.keys.cells import held
from beautyspot.keys.methods import reached, read
from beautyspot.keys.sights import Sights

COLLECTIONS = frozenset((list, dict, set, deque, Counter, defaultdict))
"""What can list calls; a text that grows is a prompt as often, as a fraction is a temperature."""

MOST_LAYERS = 64
"""Decorators of one method that are looked through, with what they close over."""

_GIVEN = object()


_sights = Sights()
"""What the attributes of an object held when they were first looked at: 0, an empty collection, or `_GIVEN`."""


def counts_of(thing: object, held: Mapping[str, Any], entries: tuple[str, ...], /) -> frozenset[str]:
    """Return the attributes in which an object counts or lists its calls, beginning at 0 or at nothing.

    Args:
        thing: The object.
        held: Its attributes as they are now.
        entries: As for `counted_by`.

    Objects that begin at nothing begin alike, so nothing tells them apart there. Whatever else an attribute held when
    the object was first looked at may have been given, and what lies there in its place since then as well: both are
    settings, also if the class's own code adds to them, as it adds the prompt to a request.
    """
    kind: type[Any] = type(thing)
    names = counted_by(kind, entries)
    if not names:
        return names
    first = _sights.of(thing)
    return frozenset(name for name in names if _is_count(first, name, held.get(name, getattr(kind, name, None))))


def share_counts(thing: object, copy: object, /) -> None:
    """Let a copy of an object, which shares its collections, count in those in which the object does."""
    if first := _sights.before(thing):
        _sights.of(copy).update(first)


def note_assigned(thing: object, name: str, value: Any, /, *, own: bool) -> None:
    """Note that an attribute was assigned, where that can be seen.

    Args:
        thing: Whose attribute it is.
        name: Of the attribute.
        value: What lies there now.
        own: Whether the object's own code did it, as in `self.calls += 1`; what others assign was given.
    """
    first = _sights.before(thing)
    if first is None or name not in first:
        return
    if not own:
        first[name] = value if _is_nothing(value) else _GIVEN
    elif first[name] is not _GIVEN and type(value) in COLLECTIONS:
        first[name] = value


@lru_cache(1024)
def runs_in(kind: type[Any], entries: tuple[str, ...], code: CodeType, /) -> bool:
    """Say whether code is that of one of the methods that run if those that are named are called, or within one."""
    names = {function.__qualname__ for function in _asking(kind, entries)}
    outer = code.co_qualname.split(".<locals>.")
    return any(".<locals>.".join(outer[:depth]) in names for depth in range(1, len(outer) + 1))


def _is_nothing(value: Any) -> bool:
    return value == 0 if type(value) is int else type(value) in COLLECTIONS and not value


def _is_count(first: dict[str, Any], name: str, now: Any) -> bool:
    is_nothing = _is_nothing(now)
    begun = first.setdefault(name, now if is_nothing else _GIVEN)
    if is_nothing and begun is not _GIVEN:
        first[name] = now  # an empty one in its place is a beginning as well
        return True
    return type(now) is type(begun) is int or now is begun


@lru_cache(1024)
def counted_by(kind: type[Any], entries: tuple[str, ...], /) -> frozenset[str]:
    """Return the attributes of `self` that methods of a class count up or down, or make longer, settings among them.

    Args:
        kind: The class.
        entries: Names of the methods that are called from outside; those of `self` that they call are read as well.

    A plain assignment is none of these: it may be a setting. Without its source a class counts nothing.
    """
    return frozenset(name for function in _asking(kind, entries) for name in read(function).counted)


@lru_cache(1024)
def asked_by(kind: type[Any], entries: tuple[str, ...], name: str, /) -> tuple[str, ...]:
    """Return the methods that those of a class call of what lies in their attribute `name`.

    Args:
        kind: The class.
        entries: As for `counted_by`.
        name: Of the attribute; `self.parts[0].ask()` calls `ask` of what lies in `parts`.
    """
    asked = {each for function in _asking(kind, entries) for each in read(function).asked}
    return tuple(sorted(method for own, method in asked if own == name))


def _asking(kind: type[Any], entries: tuple[str, ...]) -> Iterator[FunctionType]:
    """Yield the methods of a class that are called from outside and those that these call."""
    for functions in reached(lambda name: _functions(kind, name), entries).values():
        yield from functions


def _functions(kind: type[Any], name: str) -> Iterator[FunctionType]:
    """Yield a method of a class and of its parents, and what their decorators stand before."""
    for parent in kind.__mro__:
        seen, waiting = list[Any](), [vars(parent).get(name)]
        while waiting and len(seen) < MOST_LAYERS:
            method = waiting.pop()
            if any(method is other for other in seen):
                continue
            seen.append(method)
            waiting.append(getattr(method, "__wrapped__", None))
            if isinstance(method, FunctionType):
                waiting += (held(cell) for cell in closure(method).values())  # not all decorators use `wraps`
                yield method
