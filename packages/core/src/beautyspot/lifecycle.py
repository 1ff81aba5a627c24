"""What happens when a Spot is dropped, the interpreter ends, or the process forks: nothing is left open or lost."""

import os
import sys
import warnings
import weakref

from beautyspot.errors import CacheSaveWarning
from beautyspot.journal import Journal
from beautyspot.protocols import TaskDB
from beautyspot.store import Store
from beautyspot.unsaved import Unsaved

_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
_stores: weakref.WeakSet[Store] = weakref.WeakSet()


def tie_up(store: Store, journal: Journal) -> None:
    """Write what is pending and close the database once nobody holds `store` any more, at exit at the latest."""
    _journals.add(journal)
    _stores.add(store)
    # The finalizer hangs on the store, not on the Spot: marked functions outlive their Spot and hold the store.
    weakref.finalize(store, _finish, store.db, journal, store.unsaved)


def _finish(db: TaskDB, journal: Journal, unsaved: Unsaved) -> None:
    saved = unsaved.retry()
    journal.flush()
    db.close()
    if not saved:
        _warn_of_loss(unsaved)


def _warn_of_loss(unsaved: Unsaved) -> None:
    warnings.warn(
        f"{len(unsaved)} results that were returned are lost, as the database refused them to the end "
        f"({unsaved.refusal})",
        CacheSaveWarning,
        stacklevel=1,
    )


def _after_fork_in_child() -> None:
    for journal in _journals:
        journal.forget_pending()
    for store in _stores:
        store.notices.after_fork_in_child()
        store.unsaved.forget()
    if "multiprocessing.util" in sys.modules:
        sys.modules["multiprocessing.util"].register_after_fork(_end_of_worker, _mind_end_of_worker)


def _mind_end_of_worker(_: object = None) -> None:
    # A forked child of multiprocessing skips `atexit`; its own list of things to do begins empty.
    sys.modules["multiprocessing.util"].Finalize(None, _end_of_worker, exitpriority=0)


def _end_of_worker() -> None:
    for journal in list(_journals):
        journal.flush()
    for store in list(_stores):
        if not store.unsaved.retry():
            _warn_of_loss(store.unsaved)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
if "multiprocessing.util" in sys.modules:  # this may be such a child that imports us after the fork
    _mind_end_of_worker()
