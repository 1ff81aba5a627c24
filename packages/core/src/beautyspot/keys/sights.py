"""What is remembered of objects that were looked at."""

from __future__ import annotations

from weakref import ReferenceType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 4096
"""Objects that are remembered. One that is held by what is remembered of it is never freed while it is."""


class Sights:
    """What is remembered of objects for as long as they live, by whoever looks at them."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        # Each step on it is one under the GIL: a fork meets no lock.
        self._seen: dict[int, tuple[ReferenceType[Any], dict[Any, Any]]] = {}

    def before(self, thing: object, /) -> dict[Any, Any] | None:
        """Return what is remembered of an object; None if it was not looked at."""
        seen = self._seen.get(id(thing))
        return None if seen is None else seen[1]

    def of(self, thing: object, /) -> dict[Any, Any]:
        """Return what is remembered of an object, to be added to; nothing of what can't be told to be gone."""
        number = id(thing)
        if seen := self._seen.get(number):
            return seen[1]
        try:
            gone = ReferenceType(thing, lambda _: self._seen.pop(number, None))
        except TypeError:  # of slots alone
            return {}
        if len(self._seen) >= MOST:
            self._seen.clear()
        # Of two threads that look at once, the second may come after the first one's call.
        return self._seen.setdefault(number, (gone, {}))[1]
