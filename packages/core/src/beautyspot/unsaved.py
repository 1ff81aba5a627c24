"""Results that the database refused, held in memory until it takes them."""

from __future__ import annotations

import threading
from contextlib import nullcontext, suppress

from beautyspot.batched import batched
from beautyspot.errors import CacheSaveWarning, DamagedEntryError, StorageError
from beautyspot.held import Held, put_new, put_unless_outdated
from beautyspot.powers import merger_in, takes_batches, wake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import TypeVar

    from beautyspot.blobs import Blobs
    from beautyspot.clocks import Clock
    from beautyspot.held import Waiting
    from beautyspot.notices import Notices
    from beautyspot.protocols import TaskDB
    from beautyspot.records import Entry, Task, TaskFilter

    T = TypeVar("T")

SLOW_S = 0.5
"""A refusal that took longer is a lock's; each further one would take as long."""
REST_S = 10.0
"""How long nothing is tried after a slow refusal, so that one stuck process doesn't slow every call."""
CALL_S = 0.1
"""How long a call writes what waits behind its own result: all of it would be seconds for one unlucky caller."""
BATCH = 100
SMALL_BYTES = 4096
"""Largest value that is written in a batch, which a slow network must take in the time of one big value."""
HOPELESS = (OverflowError, TypeError, ValueError)
"""Causes that lie in the row itself, such as a tag that is no Unicode: no database will ever take it."""
BLOB_IS_SAFE_S = 1800.0
"""A row that waited longer may have lost its blob: `clean` deletes what no row of the database names for an hour."""


class Unsaved:
    """Rows on their way to a database, and those that wait for it.

    What waits is newer than what the database holds under its key, unless another process kept that since.
    """

    def __init__(self, db: TaskDB, blobs: Blobs, clock: Clock, notices: Notices) -> None:
        """Hold nothing yet."""
        self._db = db
        self._blobs = blobs
        self._notices = notices
        self._clock = clock
        self._now = clock.monotonic
        self._held = Held()
        self.waiting = self._held.rows
        """By key; always this one dict, as each hit looks whether it is empty."""
        self.refusal = ""
        """What the database said when it last refused a row."""
        self._rests_until_s = float("-inf")
        self._turn = 0
        """Where among what waits the next try begins, so that rows which are always refused hold up no others."""
        self._writing = threading.RLock()  # as in the journal

    def __len__(self) -> int:
        """Return how many rows wait."""
        return len(self.waiting)

    def __contains__(self, key: str) -> bool:
        """Say whether a row waits under `key`."""
        return key in self.waiting

    def rests(self) -> bool:
        """Say whether the database is left alone, as its last refusal took long."""
        return self._now() < self._rests_until_s

    def put(self, task: Task, /) -> None:
        """Write `task`, and for `CALL_S` what waits behind it.

        Raises:
            StorageError: the database refused; the row is held, if that can help and as long as there is room.
        """
        if self.rests() and self._hold(task):
            raise StorageError(self.refusal)
        with self.standing_still(task.cache_key):
            self._put(task)
        if self.waiting and self._writing.acquire(blocking=False):  # one thread that tries is enough
            try:
                self.retry(CALL_S)
            finally:
                self._writing.release()

    def _put(self, task: Task) -> None:
        older = self.waiting.get(task.cache_key)
        try:
            self._try(lambda: self._db.put(task) if older is None else self._replace(older, task, self._db.put))
        except StorageError as error:
            if isinstance(error.__cause__, HOPELESS) or not self._hold(task):
                self.drop(task.cache_key)  # whoever asks must not take the older one for this
            raise
        if older is not None:
            self._held.remove(older)

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Write the tasks in one go.

        Raises:
            StorageError: the database refused, or can't do so; none of them is held.
        """
        if self.rests() or not takes_batches(self._db):
            raise StorageError(self.refusal or f"{self._db!r} takes one row at a time; put each alone")
        put_many = self._db.put_many
        with self.standing_still(*(task.cache_key for task in tasks)):
            older = [row for task in tasks if (row := self.waiting.get(task.cache_key))]
            self._try(lambda: put_many(tasks))
            for row in older:
                self._give_up(row)

    def entry(self, key: str, /) -> Entry | None:
        """Return what a hit needs of the row that waits under `key`; None if the database has a newer one."""
        row = self.waiting.get(key)
        return None if row is None or self._is_outdated(row) else row.task.entry()

    def location(self, key: str, /) -> str | None:
        """Return where the blob of the row lies that the database holds under `key`.

        Raises:
            StorageError: it can't be read.
        """
        try:
            entry = self._db.get(key)
        except DamagedEntryError:
            return None  # a blob that it may have named is left for cleaning
        return None if entry is None else entry.result_value

    def standing_still(self, *keys: str) -> AbstractContextManager[object]:
        """Return what keeps the rows that wait under `keys`, or any if none is named, from being written meanwhile."""
        waits = not self.waiting.keys().isdisjoint(keys) if keys else self.waiting
        return self._writing if waits else nullcontext()

    def drop(self, key: str, /) -> bool:
        """Forget the row under `key` with its blob, and say whether there was one; it is not being written any more."""
        if key not in self.waiting:
            return False
        with self._writing:
            row = self.waiting.get(key)
            return row is not None and self._give_up(row)

    def matching(self, where: TaskFilter, /) -> list[Task]:
        """Return the tasks that wait and meet `where`, newest first."""
        from beautyspot.db.filters import matches  # no hit lists

        rows = [row for row in list(self.waiting.values()) if matches(where, row.task)]
        tasks = [row.task for row in rows if not self._is_outdated(row)]
        return sorted(tasks, key=lambda task: task.updated_at, reverse=True)

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks without `result_data`: those that wait, then the others that the database holds.

        Raises:
            StorageError: the database can't be read.
        """
        waiting = self.matching(where)
        keys = {task.cache_key for task in waiting}
        yield from (task._replace(result_data=None) for task in waiting)
        yield from (task for task in self._db.find(where) if task.cache_key not in keys)

    def retry(self, limit_s: float = float("inf")) -> bool:
        """Write what waits, for about `limit_s`, and say whether nothing is left; what is refused holds up no other."""
        if self.waiting:
            wake(self._db)
        until_s, rested_until_s = self._now() + limit_s, self._rests_until_s
        for rows in self._portions():
            is_refused = not self._write_held(rows)
            if self._rests_until_s > rested_until_s:
                break  # it was slow, and so would be the others
            if self._now() >= until_s and not (is_refused and len(rows) > 1):
                break
        return not self.waiting

    def _portions(self) -> Iterator[list[Waiting]]:
        """Yield what waits in batches, and after each its rows one by one, which takes those that it left."""
        waiting = list(self.waiting.values())
        start = self._turn % len(waiting) if waiting else 0
        for rows in batched(waiting[start:] + waiting[:start], BATCH):
            if len(rows) > 1:
                yield rows
            yield from ([row] for row in rows)

    def forget(self) -> None:
        """Drop everything: in the child of a fork it belongs to the parent."""
        self._writing = threading.RLock()
        self._held.forget()

    def _write_held(self, rows: list[Waiting]) -> bool:
        """Write those of the rows that wait still: one, or what can be of several; say whether the database agreed."""
        with self._writing:
            rows = [row for row in rows if self.waiting.get(row.task.cache_key) is row]
            try:
                written = self._put_alone(rows[0]) if len(rows) == 1 else self._put_together(rows)
            except StorageError:
                self._turn += len(rows) == 1  # of a batch, each row has its own turn yet
                return False
            for row in written:
                self._held.remove(row)
            return True

    def _put_alone(self, row: Waiting) -> list[Waiting]:
        if self._lost_its_blob(row):
            self._give_up(row)
            return []
        self._try(lambda: self._replace(row, row.task, lambda _: self._put_held(row)))
        return [row]

    def _lost_its_blob(self, row: Waiting) -> bool:
        """Say whether the value of a row that waited for long is gone, and warn of that."""
        name, location = row.task.func_name, row.task.result_value
        waited_s = self._clock.time() - row.task.updated_at.timestamp()
        if not location or waited_s < BLOB_IS_SAFE_S or self._is_outdated(row) or not self._blobs.is_lost(location):
            return False
        self._notices.tell(
            ("lost", name),
            f"a result of {name} is lost, whose blob {location!r} was deleted while its row waited for the database, "
            "as `clean` does after an hour; the function runs again at its next call",
            CacheSaveWarning,
        )
        return True

    def _put_together(self, rows: list[Waiting]) -> list[Waiting]:
        """Write in one go what replaces nothing and has no blob, and return it; the others take looks of their own."""
        merger = self._translated(lambda: merger_in(self._db))
        small = [row for row in rows if not row.locations and len(row.task.result_data or b"") <= SMALL_BYTES]
        return [] if merger is None or not small else self._try(lambda: put_new(merger, small))

    def _put_held(self, row: Waiting) -> None:
        """Write the row, unless what another process kept since it was computed is newer."""
        merger = merger_in(self._db)
        if merger is None:
            self._db.put(row.task)
        else:
            put_unless_outdated(merger, row)

    def _replace(self, row: Waiting, task: Task, put: Callable[[Task], None]) -> None:
        """Write `task`, and drop the blobs that no row names then, of those that `row` and the database named."""
        key, before = task.cache_key, None
        with suppress(Exception):  # the database may be anybody's; here and below a blob is left for cleaning
            before = self.location(key)
        put(task)
        with suppress(Exception):
            now = self.location(key)
            for location in {before, *row.locations}:
                if location and location != now:
                    self._blobs.drop(location)

    def _is_outdated(self, row: Waiting) -> bool:
        """Say whether another process kept a newer result since."""
        there = self._kept_at(row.task.cache_key)
        return there is not None and there != row.replaces and there > row.task.updated_at

    def _kept_at(self, key: str) -> datetime | None:
        """Return when the row was kept that the database holds under `key`; None for none, or if it can't tell."""
        with suppress(Exception):  # the database may be anybody's, and refuses already
            merger = merger_in(self._db)
            return None if merger is None else merger.updated_at([key]).get(key)
        return None

    def _try(self, write: Callable[[], T]) -> T:
        start_s = self._now()
        try:
            result = self._translated(write)
        except StorageError as error:
            self.refusal = str(error)
            if self._now() - start_s > SLOW_S:
                self._rests_until_s = self._now() + REST_S
            raise
        self._rests_until_s = float("-inf")
        return result

    def _translated(self, write: Callable[[], T]) -> T:
        try:
            return write()
        except StorageError:
            raise
        except Exception as error:  # the database may be anybody's; chained
            reason = f"{type(error).__name__}: {error}".replace("; ", ", ")
            raise StorageError(f"{reason} ({self._db!r}); see the documents of that database") from error

    def _hold(self, task: Task) -> bool:
        return self._held.add(task, self._kept_at(task.cache_key))

    def _give_up(self, row: Waiting) -> bool:
        if not self._held.remove(row):
            return False
        for location in row.locations:
            self._blobs.drop(location)
        return True
