"""Deletes many rows in short transactions, so that whoever writes meanwhile waits for none of them for long."""

from __future__ import annotations

import time
from itertools import islice

from beautyspot.checks import has_methods
from beautyspot.protocols import SupportsUpkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from beautyspot.protocols import TaskDB
    from beautyspot.records import Task

FIRST_CHUNK = 500
"""Rows of the first transaction: deleting 150 000 at once keeps every writer waiting for two seconds."""
SMALLEST_CHUNK, LARGEST_CHUNK = 50, 2000
CHUNK_S = 0.02
"""How long a transaction should take; the next one has as many more or fewer rows."""
PAUSE_S = 0.003
"""Between two transactions, and a quarter of the time of the one before if that is longer: a writer that waits looks
every millisecond whether it may, on a busy machine less often."""


def in_steps(tasks: Iterable[Task], db: TaskDB, /) -> Iterator[tuple[list[Task], list[Task]]]:
    """Delete the rows of `tasks`, and yield after each transaction those that it was about and those that are gone.

    A result that is kept anew after it was listed stays, where the database can tell.

    Raises:
        StorageError: the database can't delete; what was deleted until then stays deleted.
    """
    rows, size, took_s = iter(tasks), FIRST_CHUNK, 0.0
    while chunk := list(islice(rows, size)):
        if took_s:
            time.sleep(max(PAUSE_S, took_s / 4))
        start_s = time.monotonic()
        gone = delete_rows(chunk, db)
        took_s = max(time.monotonic() - start_s, 1e-6)
        yield chunk, gone
        size = max(SMALLEST_CHUNK, min(LARGEST_CHUNK, int(len(chunk) * CHUNK_S / took_s)))


def delete_rows(tasks: Sequence[Task], db: TaskDB, /) -> list[Task]:
    """Delete the rows but those that were kept anew, and return the tasks that are gone for it."""
    deleter: Any = db.upkeep if isinstance(db, SupportsUpkeep) else db
    if has_methods(deleter, "delete_unchanged"):
        gone = set(deleter.delete_unchanged(tasks))
        return [task for task in tasks if task.cache_key in gone]
    db.delete([task.cache_key for task in tasks])
    return list(tasks)
