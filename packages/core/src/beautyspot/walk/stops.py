"""A `map` that ends early: a call that has begun goes on to its end, one that waits for its turn is given up."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Event

    from beautyspot.clocks import Clock

stopping: ContextVar[Event | None] = ContextVar("beautyspot_stopping", default=None)
"""What is set when the `map` of this call ends; None once the call has begun, and outside of a `map`."""


class Stopped(BaseException):
    """The `map` ended before its call began. Not an `Exception`: who waits elsewhere for the call makes it then."""


def sleep(clock: Clock, seconds: float, /) -> None:
    """Wait for a call's turn, blocking the thread.

    Raises:
        Stopped: the call's `map` ended meanwhile.
    """
    stop = stopping.get()
    if stop is None:
        clock.sleep(seconds)
    elif clock.wait(stop, seconds):
        raise Stopped


def check() -> None:
    """Go on with a call that has not begun.

    Raises:
        Stopped: its `map` has ended.
    """
    stop = stopping.get()
    if stop is not None and stop.is_set():
        raise Stopped


def begin() -> None:
    """Let the call go on whatever becomes of its `map`, and whatever it waits for itself.

    Raises:
        Stopped: the call's `map` has ended.
    """
    check()
    if stopping.get() is not None:
        stopping.set(None)
