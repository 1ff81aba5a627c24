"""What is done when an object goes, at a place where it can't lock us out.

The garbage collector may call a finalizer between any two lines of ours, in a thread that holds a lock which the
finalizer wants: it would wait for ever for the very thread that it stopped.
"""

from __future__ import annotations

import sys
import threading
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec

    P = ParamSpec("P")

LOCKED = tuple(f"beautyspot.{name}" for name in ("db", "journal", "reads", "unsaved", "held", "notices"))
"""Modules whose locks a finalizer of ours may want."""


def at_end_of(
    thing: object, function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
) -> weakref.finalize[..., object]:
    """Call `function` when `thing` is gone, or at exit: at once, or in a thread if that stopped a line of ours."""
    return weakref.finalize(thing, _end, function, *args, **kwargs)


def _end(function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
    if _stopped_us():
        try:
            threading.Thread(target=function, args=args, kwargs=kwargs, name="beautyspot-end").start()
        except RuntimeError:
            pass  # the interpreter is ending, and no other thread of ours is left to wait for
        else:
            return
    function(*args, **kwargs)


def _stopped_us() -> bool:
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, costs 12 ms
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(LOCKED):
            return True
        frame = frame.f_back
    return False
