"""The keys in flight in this process, and who waits for whom."""

from __future__ import annotations

import os
from contextvars import ContextVar
from threading import RLock, get_ident
from weakref import WeakSet, WeakValueDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.flight.claim import Claim


class Call:
    """One key in flight, as others see it; it outlives its claim in the context of tasks, so it holds no value."""

    __slots__ = ("done", "followers", "waits_for")

    def __init__(self) -> None:
        """Take off."""
        self.done = False
        self.followers: list[Claim] = []
        self.waits_for: list[Call] = []

    def reaches(self, ends: tuple[Call, ...], /) -> bool:
        """Return whether it waits, over any number of calls, for one of `ends`, or is one."""
        seen: set[Call] = set()
        ahead: list[Call] = [self]
        while ahead:
            call = ahead.pop()
            if call in ends:
                return True
            if call not in seen and not call.done:
                seen.add(call)
                ahead.extend(call.waits_for)
        return False


# Reentrant: a garbage collection under it may close a coroutine, whose claim ends then and there. One for all tables,
# as circles of waits may run through several.
_mutex = RLock()
_tables: WeakSet[Table] = WeakSet()
_named: WeakValueDictionary[str, Table] = WeakValueDictionary()

led: ContextVar[tuple[Call, ...]] = ContextVar("beautyspot_led", default=())
"""The calls that this thread or task leads, the innermost last; some may be done. Set with `set_led` alone."""
_setting: set[int] = set()
"""The threads that are setting it."""


def is_setting_led() -> bool:
    """Say whether this thread was interrupted while it sets `led`, by a `__del__` or a signal handler."""
    return get_ident() in _setting


def set_led(calls: tuple[Call, ...], /) -> None:
    """Set `led`, unless that is being done by this very thread.

    On Python 3.11 a garbage collection may begin in the middle of `ContextVar.set`, and a `__del__` that sets it as
    well takes from under it what it reads: the interpreter crashes.
    """
    me = get_ident()
    if me not in _setting:
        try:
            _setting.add(me)
            led.set(calls)
        finally:
            _setting.discard(me)


class Table:
    """The calls in flight, by key."""

    __slots__ = ("__weakref__", "calls", "mutex")

    def __init__(self) -> None:
        """Start with no call in flight."""
        self.calls: dict[str, Call] = {}
        self.mutex = _mutex
        _tables.add(self)


def table_named(name: str | None, /) -> Table:
    """Return this process's table of that name; a new one if it is None."""
    if name is None:
        return Table()
    with _mutex:
        return _named.get(name) or _named.setdefault(name, Table())


def _start_anew() -> None:
    """Forget, in the child of a fork, the calls of threads that are not here."""
    global _mutex  # one of those threads may hold it
    _mutex = RLock()
    _setting.clear()
    led.set(())
    for table in tuple(_tables):
        table.calls.clear()
        table.mutex = _mutex


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_start_anew)
