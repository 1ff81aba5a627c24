"""Warnings that are given once and point at the user's line."""

from __future__ import annotations

import _warnings  # the part of `warnings` that lies in no file, which nobody could open out of descriptors
import sys
import threading
from contextlib import contextmanager
from contextvars import ContextVar

from beautyspot.errors import DamagedEntryError, StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Hashable
    from typing import NamedTuple

    from beautyspot.errors import CacheWarning
else:
    from beautyspot.tuples import NamedTuple

_HERE = __file__.replace("\\", "/").rpartition("/")[0]
_CARRIERS = {"asyncio", "concurrent", "threading"}
"""Packages that call us for the user, from a thread or an event loop."""


class Place(NamedTuple):
    """A line of the user's, as `warnings.warn_explicit` wants it."""

    filename: str
    lineno: int
    module: str
    registry: dict[str | tuple[str, type[Warning], int], int]


_sent_from: ContextVar[Place | None] = ContextVar("beautyspot_sent_from", default=None)
"""The user's line from which work was sent to a thread or task, where the stack doesn't show it."""


class Notices:
    """Gives each warning once, so that a loop over a thousand items says it once and not a thousand times."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._said: set[Hashable] = set()
        self._lock = threading.RLock()

    def warn(self, subject: Hashable, message: str, category: type[CacheWarning], /) -> None:
        """Give the warning, unless one was given for `subject`."""
        with self._lock:
            if subject in self._said:
                return
            self._said.add(subject)
        if sys.is_finalizing():  # within a `__del__` then: nobody listens any more
            return
        place = _users_place()
        if place is None:
            _warnings.warn(message, category, stacklevel=2)
        else:
            _warnings.warn_explicit(
                message, category, place.filename, place.lineno, module=place.module, registry=place.registry
            )

    def tell(self, subject: Hashable, message: str, category: type[CacheWarning], /) -> None:
        """Warn as `warn` does, and only show what the user has made an error: raised, it might cost an answer."""
        try:
            self.warn(subject, message, category)
        except category as raised:
            import warnings  # loaded already, as nothing else makes an error of it

            place = _users_place()
            filename, line = ("<unknown>", 0) if place is None else (place.filename, place.lineno)
            warnings.showwarning(raised, category, filename, line)

    def forget(self, subject: Hashable, /) -> None:
        """Give the next warning for `subject` as if none had been given."""
        with self._lock:
            self._said.discard(subject)

    def after_fork_in_child(self) -> None:
        """Start with a free lock: a thread of the parent may have held it."""
        self._lock = threading.RLock()


def trouble(error: Exception, /) -> Hashable:
    """Return what makes two errors one trouble: the next step that they ask for, else their class."""
    message, _, next_step = str(error).rpartition("; ")
    return next_step if message and isinstance(error, (StorageError, DamagedEntryError)) else type(error)


def told(error: Exception, /) -> str:
    """Return an error's class, its message and the notes that were added to it, in one line."""
    return "; ".join((f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())))


def pass_over(*packages: str) -> None:
    """Have no warning point into these packages: they call us for the user, as the host of an integration does."""
    _CARRIERS.update(packages)


@contextmanager
def sending_work() -> Generator[None]:
    """Have warnings from the threads and tasks that are started in this block point at the user's line of now."""
    token = _sent_from.set(_users_place())
    try:
        yield
    finally:
        _sent_from.reset(token)


def _users_place() -> Place | None:
    """Return the innermost line of the user's on the stack, or that from which the work was sent."""
    # `warnings.warn(skip_file_prefixes=…)` does the first half of this from Python 3.12 on.
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, costs 12 ms
    while frame is not None:
        module: str = frame.f_globals.get("__name__") or "<unknown>"
        package = module.partition(".")[0]
        if package in _CARRIERS and (sent_from := _sent_from.get()) is not None:
            return sent_from
        ours = frame.f_code.co_filename.replace("\\", "/").startswith(_HERE)
        if not ours and package not in _CARRIERS and package != "contextlib":
            registry = frame.f_globals.setdefault("__warningregistry__", {})
            return Place(frame.f_code.co_filename, frame.f_lineno, module, registry)
        frame = frame.f_back
    return None
