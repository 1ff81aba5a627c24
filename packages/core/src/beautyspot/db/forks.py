"""Tell databases of a fork, so that a child starts with none of its parent's connections and locks.

A signal's handler may raise between any two lines of a hook, and Python drops what a hook raises. So a hook is a step
that can be taken again: it begins anew until it comes to its end, and asks what is done of the things themselves.
"""

from __future__ import annotations

import _imp  # holds what Python imports with; os.fork takes the same lock
import os
import sys
import threading
import time
import weakref
from contextlib import suppress

from beautyspot.db.fork_signals import call_again

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    class FollowsForks(Protocol):
        """Something that a fork would tear."""

        def before_fork(self) -> None:
            """Come to rest; asked again if a signal cut it off, as the others are."""
            ...

        def after_fork_in_parent(self) -> None:
            """Go on."""
            ...

        def after_fork_in_child(self) -> None:
            """Start anew: the threads that held anything are not here."""
            ...


LATE = ("dis", "hashlib")
"""Modules of Python's own that functions of ours import at their first use, for milliseconds."""
PATIENCE_S = 60.0
"""How long a fork waits for statements of other threads; a child born within one can't use the file."""
TELL_AFTER_S = 1.0
LOOK_S = 0.1
"""How often a wait looks whether somebody pressed Ctrl-C twice."""
ROUNDS = 100
"""A fork within an import that another thread waits for would find it without end; a step that fails would begin so."""

_followers: weakref.WeakSet[FollowsForks] = weakref.WeakSet()
_resting: list[FollowsForks] = []
_forking: Any = threading.RLock()
_held: list[str] = []
"""What is locked for the fork beside the followers."""
_raised: list[BaseException] = []
"""In the steps of this fork, by handlers of signals."""


def follow(follower: FollowsForks, /) -> None:
    """Tell `follower` of every fork from now on, for as long as it lives."""
    _followers.add(follower)


class Rest:
    """The locks that a follower takes before a fork and gives back after it, but for those that its thread had."""

    def __init__(self, whose: object) -> None:
        """Take none; `whose` is what a person who waits for one is told of."""
        self._whose = whose
        self._had: list[Any] | None = None
        self._until_s = 0.0

    def begin(self, locks: Iterable[Any], /) -> None:
        """Note which of the `RLock`s this thread has already, as one that was interrupted in its work."""
        if self._had is None:
            self._until_s = time.monotonic() + PATIENCE_S
            self._had = [lock for lock in locks if lock._is_owned()]

    def acquire(self, lock: Any, /) -> bool:
        """Take a lock, and say whether that was possible: a thread may be in the middle of something for too long."""
        if lock._is_owned() or lock.acquire(blocking=False):
            return True
        tell_at_s = time.monotonic() + TELL_AFTER_S
        while (now_s := time.monotonic()) < self._until_s and len(_raised) < 2:
            if lock.acquire(timeout=min(LOOK_S, self._until_s - now_s)):
                return True
            if now_s >= tell_at_s:
                from beautyspot.long_waits import say  # hardly any fork waits

                tell_at_s = float("inf")
                say(f"waiting to fork: a thread uses {self._whose}; Ctrl-C is heard after the fork, a second forks now")
        return False

    def release(self, lock: Any, /) -> None:
        """Give a lock back if it was taken here."""
        if self._had is not None and lock._is_owned() and not any(lock is each for each in self._had):
            lock.release()

    def end(self) -> None:
        """Forget which locks this thread had."""
        self._had = None


def _before() -> None:
    _to_the_end(_rest)


def _after_in_parent() -> None:
    if _forking._is_owned():  # else the hook before did it, and another thread may fork already
        _to_the_end(_go_on)
        raised = _raised.copy()
        _let_forks_begin()
        if raised:
            call_again(raised)


def _after_in_child() -> None:
    if _forking._is_owned():
        before = len(_raised)  # in the parent, which hears of it
        _to_the_end(_start_anew)
        raised = _raised[before:]
        _let_forks_begin()
        if raised:
            call_again(raised)


def _to_the_end(step: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - that of a handler; raised here, nobody would hear of it
            _raised.append(error)
        else:
            return


def _rest() -> None:
    if not _forking._is_owned():
        _forking.acquire()  # two threads may fork at once, and each must find what it put to rest
    if not _resting:
        _resting[:] = _followers
    for follower in _resting:
        follower.before_fork()
    if not _held:
        _let_imports_end()
        _held.append("imports")


def _go_on() -> None:
    _let_imports_begin()
    for follower in _resting:
        follower.after_fork_in_parent()


def _start_anew() -> None:
    _let_imports_begin()
    for follower in _resting:
        follower.after_fork_in_child()


def _let_forks_begin() -> None:
    _resting.clear()
    _raised.clear()
    _forking.release()


def _let_imports_end() -> None:
    """Wait for what other threads import for us in this moment: in the child it would stay locked for ever.

    Python's own lock is held from then on, so that no thread begins another import before the fork.
    """
    # Our modules import much of the others at its first use, so the first calls of threads are such moments.
    for _ in range(ROUNDS):
        _imp.acquire_lock()
        names = _imported_by_others()
        if not names:
            return
        _imp.release_lock()
        for name in names:
            with suppress(Exception):  # the other thread hears of it
                __import__(name)
    _imp.acquire_lock()


def _let_imports_begin() -> None:
    with suppress(RuntimeError):  # it isn't held, or not any more
        if _held:
            _imp.release_lock()
        while _held and _raised:  # a signal between the lock and the note of it had it taken twice
            _imp.release_lock()
    _held.clear()


def _imported_by_others() -> list[str]:
    """Return the names of modules of ours that other threads are about to import, be they found yet or not."""
    # Nothing public tells it. Source: importlib/_bootstrap.py, _ModuleLock; the same in Python 3.11 to 3.14.
    locks: Any = getattr(sys.modules["_frozen_importlib"], "_module_locks", {})
    mine = threading.get_ident()
    held = [name for name, lock in locks.copy().items() if getattr(lock(), "owner", None) not in (None, mine)]
    return [name for name in held if name.startswith("beautyspot.") or name in LATE]


if hasattr(os, "register_at_fork"):  # Windows has no fork
    # A signal that comes while the system forks cuts off the first hook before its first line, and maybe the next.
    for _ in range(3):
        os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
