"""Tell databases of a fork, so that a child starts with none of its parent's connections and locks."""

from __future__ import annotations

import os
import sys
import threading
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

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
    """Wait for what other threads import for us in this moment: in the child it would stay locked for ever."""
    # Our modules import much of the others at its first use, so the first calls of threads are such moments.
    for name, module in list(sys.modules.items()):
        if (name.startswith("beautyspot.") or name in LATE) and getattr(module.__spec__, "_initializing", False):
            __import__(name)


def _after_in_parent() -> None:
    for follower in _resting:
        follower.after_fork_in_parent()
    _resting.clear()
    _forking.release()


def _after_in_child() -> None:
    for follower in _resting:
        follower.after_fork_in_child()
    _resting.clear()
    _forking.release()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
