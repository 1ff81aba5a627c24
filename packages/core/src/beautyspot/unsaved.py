"""Results that the database refused, held in memory until it takes them."""

from __future__ import annotations

import threading
from contextlib import suppress

from beautyspot.errors import StorageError
from beautyspot.powers import can_wake, merger_in, takes_batches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beautyspot.clocks import Clock
    from beautyspot.protocols import TaskDB
    from beautyspot.records import Entry, Task, TaskFilter

LIMIT_BYTES = 64 * 1024 * 1024
"""Most bytes of results that are held."""
SLOW_S = 0.5
"""A refusal that took longer is a lock's; each further one would take as long."""
REST_S = 10.0
"""How long nothing is tried after a slow refusal, so that one stuck process doesn't slow every call."""


HOPELESS = (OverflowError, TypeError, ValueError)
"""Causes that lie in the row itself, such as a tag that is no Unicode: no database will ever take it."""


class Unsaved:
    """Rows on their way to a database, and those that wait for it."""

    def __init__(self, db: TaskDB, clock: Clock) -> None:
        """Hold nothing yet."""
        self._db = db
        self._now = clock.monotonic
        self._tasks: dict[str, Task] = {}
        self._held_bytes = 0
        self.refusal = ""
        """What the database said when it last refused a row."""
        self._rests_until_s = float("-inf")
        self._lock = threading.RLock()
        self._writing = threading.RLock()  # both as in the journal

    def __len__(self) -> int:
        """Return how many rows wait."""
        return len(self._tasks)

    def __contains__(self, key: str) -> bool:
        """Say whether a row waits under `key`."""
        return key in self._tasks

    def rests(self) -> bool:
        """Say whether the database is left alone, as its last refusal took long."""
        return self._now() < self._rests_until_s

    def put(self, task: Task, /) -> None:
        """Write `task`, and what waits behind it.

        Raises:
            StorageError: the database refused; the row is held, if that can help and as long as there is room.
        """
        if self.rests() and self._hold(task):
            raise StorageError(self.refusal)
        # An older result of the same call must not be written over this one.
        self.drop(task.cache_key)
        try:
            self._try(lambda: self._db.put(task))
        except StorageError as error:
            if not isinstance(error.__cause__, HOPELESS):
                self._hold(task)
            raise
        if self._tasks and self._writing.acquire(blocking=False):  # one thread that tries is enough
            try:
                self.retry()
            finally:
                self._writing.release()

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Write the tasks in one go.

        Raises:
            StorageError: the database refused, or can't do so; none of them is held.
        """
        if self.rests() or not takes_batches(self._db):
            raise StorageError(self.refusal or f"{self._db!r} takes one row at a time; put each alone")
        put_many = self._db.put_many
        for task in tasks:
            self.drop(task.cache_key)
        self._try(lambda: put_many(tasks))

    def entry(self, key: str, /) -> Entry | None:
        """Return what a hit needs of the row that waits under `key`."""
        task = self._tasks.get(key)
        if task is None:
            return None
        return task.entry()

    def drop(self, key: str, /) -> bool:
        """Forget the row under `key` and say whether there was one; it is not being written any more."""
        if key not in self._tasks:
            return False
        with self._writing:
            return self._remove(key)

    def drop_where(self, where: TaskFilter, /) -> set[str]:
        """Forget the rows that meet `where`, and return their keys."""
        from beautyspot.db.filters import matches  # no hit deletes

        return {key for key, task in list(self._tasks.items()) if matches(where, task) and self.drop(key)}

    def retry(self) -> bool:
        """Write what waits, and say whether nothing is left; a row that is refused does not hold up the others."""
        if self._tasks and can_wake(self._db):
            self._db.wake()  # it may be the last try
        for key, task in list(self._tasks.items()):
            start_s = self._now()
            with self._writing, suppress(StorageError):
                if self._tasks.get(key) is task:
                    self._try(lambda task=task: self._put_held(task))
                    self._remove(key)
            if key in self._tasks and self._now() - start_s > SLOW_S:
                break
        return not self._tasks

    def forget(self) -> None:
        """Drop everything: in the child of a fork it belongs to the parent."""
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self._tasks.clear()
        self._held_bytes = 0

    def _put_held(self, task: Task) -> None:
        # What another process kept since this was computed is newer.
        merger = merger_in(self._db)
        if merger is None:
            self._db.put(task)
        else:
            merger.put_newer([task])

    def _try(self, write: Callable[[], None]) -> None:
        start_s = self._now()
        try:
            self._translated(write)
        except StorageError as error:
            self.refusal = str(error)
            if self._now() - start_s > SLOW_S:
                self._rests_until_s = self._now() + REST_S
            raise
        self._rests_until_s = float("-inf")

    def _translated(self, write: Callable[[], None]) -> None:
        try:
            write()
        except StorageError:
            raise
        except Exception as error:  # the database may be anybody's; chained
            reason = f"{type(error).__name__}: {error}".replace("; ", ", ")
            raise StorageError(f"{reason} ({self._db!r}); see the documents of that database") from error

    def _hold(self, task: Task) -> bool:
        size_bytes = len(task.result_data or b"")
        with self._lock:
            old = self._tasks.get(task.cache_key)
            held_bytes = self._held_bytes + size_bytes - len(old.result_data or b"" if old else b"")
            if held_bytes > LIMIT_BYTES:
                return False
            self._tasks[task.cache_key] = task
            self._held_bytes = held_bytes
            return True

    def _remove(self, key: str) -> bool:
        with self._lock:
            task = self._tasks.pop(key, None)
            if task is not None:
                self._held_bytes -= len(task.result_data or b"")
            return task is not None
