"""What happens when a Spot is dropped, the interpreter ends, or the process forks: nothing is left open or lost."""

import os
import weakref

from beautyspot.journal import Journal
from beautyspot.protocols import TaskDB
from beautyspot.store import Store
from beautyspot.unsaved import Unsaved

_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
_unsaved: weakref.WeakSet[Unsaved] = weakref.WeakSet()


def tie_up(store: Store, journal: Journal) -> None:
    """Write what is pending and close the database once nobody holds `store` any more, at exit at the latest."""
    _journals.add(journal)
    _unsaved.add(store.unsaved)
    # The finalizer hangs on the store, not on the Spot: marked functions outlive their Spot and hold the store.
    weakref.finalize(store, _finish, store.db, journal, store.unsaved)


def _finish(db: TaskDB, journal: Journal, unsaved: Unsaved) -> None:
    unsaved.retry()
    journal.flush()
    db.close()


def _after_fork_in_child() -> None:
    for journal in _journals:
        journal.forget_pending()
    for unsaved in _unsaved:
        unsaved.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
