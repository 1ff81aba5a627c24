"""Tell databases of a fork, so that a child starts with none of its parent's connections and locks."""

from __future__ import annotations

import _imp  # holds what Python imports with; os.fork takes the same lock
import os
import sys
import threading
import weakref

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
ROUNDS = 100
"""A fork within an import that another thread waits for would find it without end."""

_followers: weakref.WeakSet[FollowsForks] = weakref.WeakSet()
_resting: list[FollowsForks] = []
_forking = threading.Lock()


def follow(follower: FollowsForks, /) -> None:
    """Tell `follower` of every fork from now on, for as long as it lives."""
    _followers.add(follower)


def _before() -> None:
    _forking.acquire()  # two threads may fork at once, and each must find what it put to rest
    _resting[:] = _followers
    for follower in _resting:
        follower.before_fork()
    _let_imports_end()


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
    _imp.release_lock()
    for follower in _resting:
        follower.after_fork_in_parent()
    _resting.clear()
    _forking.release()


def _after_in_child() -> None:
    _imp.release_lock()
    for follower in _resting:
        follower.after_fork_in_child()
    _resting.clear()
    _forking.release()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
