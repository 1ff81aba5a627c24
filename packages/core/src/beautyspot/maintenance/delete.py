"""Deletes results: rows first, then the blobs that only they named."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from beautyspot.errors import ConfigurationError, StorageError
from beautyspot.protocols import BlobStorage, TaskDB
from beautyspot.records import Task, TaskFilter

CHUNK = 500
"""Rows of one transaction: deleting 150 000 at once keeps every writer waiting for two seconds."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion came to."""

    tasks: int
    size_bytes: int
    """Of the serialized values, as far as the rows told."""
    blobs_left: int
    """Blobs that could not be deleted; no row names them any more."""


def delete_tasks(
    tasks: Iterable[Task],
    db: TaskDB,
    storage: BlobStorage | None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Deleted:
    """Delete `tasks` and their blobs, and return what was deleted, or would be.

    Args:
        tasks: As a catalog or database lists them.
        db: Holds their rows.
        storage: Holds their blobs; None leaves blobs alone.
        dry_run: Change nothing.
        progress: Called after each chunk with the number of tasks done so far.

    Raises:
        StorageError: the database can't delete; what was deleted until then stays deleted.
    """
    rows, count, size_bytes, blobs_left = iter(tasks), 0, 0, 0
    while chunk := list(islice(rows, CHUNK)):
        size_bytes += sum(task.size_bytes or 0 for task in chunk)
        count += len(chunk) if dry_run else db.delete([task.cache_key for task in chunk])
        # Only now: a crash between the two leaves an orphan blob, never a row that names nothing.
        blobs_left += 0 if dry_run else _delete_blobs(chunk, storage)
        if progress is not None:
            progress(count)
    return Deleted(count, size_bytes, blobs_left)


def prune(
    db: TaskDB,
    storage: BlobStorage | None,
    where: TaskFilter,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Deleted:
    """Delete the tasks that `where` means, as `delete_tasks` does.

    Raises:
        ConfigurationError: `where` has no condition.
        StorageError: the database can't delete; what was deleted until then stays deleted.
    """
    if where == TaskFilter():
        raise ConfigurationError(f"nothing says what to prune: {where!r}; give one condition, as expired_before=now")
    return delete_tasks(db.find(where), db, storage, dry_run=dry_run, progress=progress)


def _delete_blobs(tasks: list[Task], storage: BlobStorage | None) -> int:
    left = 0
    for location in (task.result_value for task in tasks if task.result_type == "FILE" and task.result_value):
        try:
            if storage is not None:
                storage.delete(location)
        except StorageError:
            left += 1
    return left if storage is not None else sum(task.result_type == "FILE" for task in tasks)
