"""Tell databases of a fork, so that a child starts with none of its parent's connections and locks."""

from __future__ import annotations

import _imp  # holds what Python imports with; os.fork takes the same lock
import os
import sys
import threading
import time
import weakref
from contextlib import suppress

from beautyspot.db.held_signals import HeldSignals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class FollowsForks(Protocol):
        """Something that a fork would tear."""

        def before_fork(self) -> None:
            """Come to rest."""
            ...

        def after_fork_in_parent(self) -> None:
            """Go on."""
            ...

        def after_fork_in_child(self) -> None:
            """Start anew: the threads that held anything are not here."""
            ...


LATE = ("dis", "hashlib")
"""Modules of Python's own that functions of ours import at their first use, for milliseconds."""
TELL_AFTER_S = 1.0
LOOK_S = 0.1
"""How often a wait looks whether somebody pressed Ctrl-C twice."""
ROUNDS = 100
"""A fork within an import that another thread waits for would find it without end."""

_followers: weakref.WeakSet[FollowsForks] = weakref.WeakSet()
_resting: list[FollowsForks] = []
_forking = threading.Lock()
_signals = HeldSignals()
_at_rest = threading.local()
"""`at_rest.all` is there in the thread that forks; a handler may cut the first line of `_before` off."""


def follow(follower: FollowsForks, /) -> None:
    """Tell `follower` of every fork from now on, for as long as it lives."""
    _followers.add(follower)


def acquire_for_fork(lock: Any, until_s: float, whose: object, /) -> bool:
    """Take a lock for a follower that comes to rest, and say whether that was possible.

    Args:
        lock: That of a thread in the middle of something.
        until_s: When to give up, on the monotonic clock; a second Ctrl-C gives up at once.
        whose: What a person who waits is told of.
    """
    if lock.acquire(blocking=False):
        return True
    tell_at_s = time.monotonic() + TELL_AFTER_S
    while (now_s := time.monotonic()) < until_s and _signals.count < 2:
        if lock.acquire(timeout=min(LOOK_S, until_s - now_s)):
            return True
        if now_s >= tell_at_s:
            from beautyspot.long_waits import say  # hardly any fork waits

            tell_at_s = float("inf")
            say(f"waiting to fork: a thread uses {whose}; Ctrl-C is heard after the fork, twice it forks at once")
    return False


def _before() -> None:
    _signals.hold()
    _forking.acquire()  # two threads may fork at once, and each must find what it put to rest
    _resting[:] = _followers
    for follower in _resting:
        with suppress(Exception):  # the others must come to rest all the same
            follower.before_fork()
    _let_imports_end()
    _at_rest.all = True


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


def _imported_by_others() -> list[str]:
    """Return the names of modules of ours that other threads are about to import, be they found yet or not."""
    # Nothing public tells it. Source: importlib/_bootstrap.py, _ModuleLock; the same in Python 3.11 to 3.14.
    locks: Any = getattr(sys.modules["_frozen_importlib"], "_module_locks", {})
    mine = threading.get_ident()
    held = [name for name, lock in locks.copy().items() if getattr(lock(), "owner", None) not in (None, mine)]
    return [name for name in held if name.startswith("beautyspot.") or name in LATE]


def _after_in_parent() -> None:
    if vars(_at_rest).pop("all", False):
        _imp.release_lock()
        for follower in _resting:
            follower.after_fork_in_parent()
        _resting.clear()
        _forking.release()
    _signals.let_go()


def _after_in_child() -> None:
    if vars(_at_rest).pop("all", False):
        _imp.release_lock()
        for follower in _resting:
            follower.after_fork_in_child()
        _resting.clear()
        _forking.release()
    _signals.drop()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
