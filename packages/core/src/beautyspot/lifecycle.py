"""What happens when a Spot is dropped, the interpreter ends, or the process forks: nothing is left open or lost."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from contextlib import suppress

from beautyspot.endings import at_end_of
from beautyspot.errors import CacheSaveWarning
from beautyspot.long_waits import telling
from beautyspot.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from beautyspot.journal import Journal
    from beautyspot.protocols import TaskDB
    from beautyspot.store import Store
    from beautyspot.unsaved import Unsaved

_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_minded: list[ModuleType] = []
_left: list[bool] = []
"""Not empty once Ctrl-C came at exit: nothing more is waited for."""


def tie_up(store: Store, journal: Journal) -> None:
    """Write what is pending and close the database once nobody holds `store` any more, at exit at the latest."""
    _journals.add(journal)
    _stores.add(store)
    # The finalizer hangs on the store, not on the Spot: marked functions outlive their Spot and hold the store.
    at_end_of(store, _finish, store.db, journal, store.unsaved)


def flush(store: Store, journal: Journal, /) -> None:
    """Write what waits, and warn of the results that are refused still; raises nothing."""
    words = "and Ctrl-C ends the wait; what is not written then is tried again at exit"
    with telling(lambda: f"waiting for {_pending(store.db, journal, store.unsaved)}, {words}"):
        _write(journal, store.unsaved)
    if count := len(store.unsaved):
        # Each time anew: it is what this call comes to.
        Notices().tell(
            "held",
            f"results that were returned are still held in memory ({count}), as the database refuses them: "
            f"{store.unsaved.refusal}; then call flush() again, or they are tried for the last time at exit",
            CacheSaveWarning,
        )


def _write(journal: Journal, unsaved: Unsaved) -> None:
    # Refused after a long wait, results tell that counts would only wait as long once more.
    if unsaved.retry() or not unsaved.rests():
        journal.flush()


def _pending(db: TaskDB, journal: Journal, unsaved: Unsaved) -> str:
    whats = [f"results ({len(unsaved)})"] if unsaved else []
    whats += [f"observed runs ({journal.unwritten_runs})"] if journal.unwritten_runs else []
    return f"{db!r} to take {', '.join([*whats, 'counts of calls'])}"


def _finish(db: TaskDB, journal: Journal, unsaved: Unsaved) -> None:
    """Write what is pending, close `db` and tell what is lost; at exit one Ctrl-C ends the wait for every database."""
    if not _left:
        try:
            with telling(lambda: f"waiting for {_pending(db, journal, unsaved)}; Ctrl-C leaves now, without them"):
                _write(journal, unsaved)
                with suppress(Exception):  # it may be anybody's, and what it has taken is kept
                    db.close()
        except KeyboardInterrupt:
            if threading.main_thread().is_alive():
                raise  # the program goes on, or ends by this
            # Raised at exit, it would keep the other Spots from telling what they lose.
            _left.append(True)
    _warn_of_lost_results(unsaved)
    _warn_of_lost_runs(journal)


def _warn_of_lost_results(unsaved: Unsaved) -> None:
    _warn_of_loss("results that were returned", len(unsaved), unsaved.refusal)


def _warn_of_lost_runs(journal: Journal) -> None:
    _warn_of_loss("observed runs", journal.unwritten_runs, journal.refusal)


def _warn_of_loss(what: str, count: int, refusal: str) -> None:
    if not count:
        return
    import warnings  # a run that goes well needs none

    message = f"{what} are lost ({count}), as the database refused them to the end{refusal and f': {refusal}'}"
    if _left:
        message = f"{what} are lost ({count}), as Ctrl-C ended the wait for the database{refusal and f': {refusal}'}"
    try:
        warnings.warn(message, CacheSaveWarning, stacklevel=1)
    except CacheSaveWarning as raised:  # the user made it an error, and nobody is left to catch it
        warnings.showwarning(raised, CacheSaveWarning, __file__, 0)


def _after_fork_in_child() -> None:
    for journal in _journals:
        journal.forget_pending()
    for store in _stores:
        store.notices.after_fork_in_child()
        store.unsaved.forget()
        if store.housekeeping is not None:
            store.housekeeping.forget()
    _mind_workers()


def _mind_workers() -> None:
    """Have multiprocessing, once it is here, call us at the end of its forked children: they skip `atexit`."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and util not in _minded:
        _minded.append(util)

        def mind(_: object) -> None:
            util.Finalize(None, _end_of_worker, exitpriority=0)

        # A child empties its list of things to do at its start, which may be ahead of us or behind.
        util.register_after_fork(_end_of_worker, mind)
        mind(None)


def _end_of_worker() -> None:
    for store in list(_stores):
        store.unsaved.retry()
        _warn_of_lost_results(store.unsaved)
    for journal in list(_journals):  # after results, which say whether counts would only wait again
        journal.flush()
        _warn_of_lost_runs(journal)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
_mind_workers()
