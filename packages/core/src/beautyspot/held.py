"""Rows that wait in memory for a database, up to a size."""

from __future__ import annotations

import threading
from datetime import timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import NamedTuple

    from beautyspot.protocols import SupportsMerge
    from beautyspot.records import Task
else:
    from beautyspot.tuples import NamedTuple

LIMIT_BYTES = 64 * 1024 * 1024
"""Most bytes that are held."""
ROW_BYTES = 1024
"""What a row counts beside its value: 620 were measured, and a blob that nobody names yet has a location of 100."""

NEXT_STEP = "it is held in memory and tried again with later results, at flush() and at exit"
NEXT_STEP_TOO_OLD = (
    "a newer release upgraded the database, so what this program computes from now on is held in memory and lost at "
    "its end; restart it with that release"
)
MICROSECOND = timedelta(microseconds=1)


class Waiting(NamedTuple):
    """A row that waits for the database."""

    task: Task
    replaces: datetime | None
    """When the row was kept whose place it is to take; None if none was there, or it couldn't be read."""
    locations: tuple[str, ...]
    """Where its blob lies, and those of what waited in its place before: one may be in the database after all."""

    def size_bytes(self) -> int:
        """Return about what it takes in memory."""
        return ROW_BYTES + ROW_BYTES * len(self.locations) + len(self.task.result_data or b"")


class Held:
    """The rows that wait, one under a key."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.rows: dict[str, Waiting] = {}
        """By key; always this one dict, as each hit looks whether it is empty."""
        self._size_bytes = 0
        self._lock = threading.RLock()  # as in the journal

    def add(self, task: Task, replaces: datetime | None, /) -> bool:
        """Hold `task` in place of what waits under its key, unless there is no room; say whether there was."""
        with self._lock:
            old = self.rows.get(task.cache_key)
            locations = old.locations if old else ()
            if task.result_value:
                locations += (task.result_value,)
            row = Waiting(task, old.replaces if old and replaces is None else replaces, locations)
            size_bytes = self._size_bytes + row.size_bytes() - (old.size_bytes() if old else 0)
            if size_bytes > LIMIT_BYTES:
                return False
            self.rows[task.cache_key] = row
            self._size_bytes = size_bytes
            return True

    def remove(self, row: Waiting, /) -> bool:
        """Let `row` wait no more, unless a newer one of its key took its place; say whether it did until now."""
        with self._lock:
            if self.rows.get(row.task.cache_key) is not row:
                return False
            self.rows.pop(row.task.cache_key, None)
            self._size_bytes -= row.size_bytes()
            return True

    def forget(self) -> None:
        """Drop everything, with a free lock: a thread of the parent of this fork may have held it."""
        self._lock = threading.RLock()
        self.rows.clear()
        self._size_bytes = 0


def put_new(merger: SupportsMerge, rows: Sequence[Waiting], /) -> list[Waiting]:
    """Write those of the rows under whose key nothing is, in one go, and return them."""
    there = merger.updated_at([row.task.cache_key for row in rows])
    new = [row for row in rows if row.task.cache_key not in there]
    if new:
        merger.put_newer([row.task for row in new])
    return new


def put_unless_outdated(merger: SupportsMerge, row: Waiting, /) -> None:
    """Write the row, unless what another process kept since it was computed is newer."""
    task = row.task
    there = merger.updated_at([task.cache_key]).get(task.cache_key)
    if there is not None and there == row.replaces:
        # What it replaces is older, whatever a clock says that was set back meanwhile.
        task = task._replace(updated_at=max(task.updated_at, there + MICROSECOND))
    merger.put_newer([task])
