"""Deletes results: rows first, then the blobs that only they named."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from beautyspot.batched import batched
from beautyspot.deletion import FIRST_CHUNK, in_steps
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance.blob_deletion import delete_blobs
from beautyspot.maintenance.least_used import least_used
from beautyspot.maintenance.presence import Presence
from beautyspot.protocols import BlobStorage, SupportsUses, TaskDB
from beautyspot.records import Task, TaskFilter
from beautyspot.sizes import Size


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion came to."""

    tasks: int
    size_bytes: int
    """Of the serialized values, as far as the rows told."""
    blobs_left: int
    """Blobs that could not be deleted, or are not in the storage; no row names them any more."""


def delete_tasks(
    tasks: Iterable[Task],
    db: TaskDB,
    storage: BlobStorage | None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Deleted:
    """Delete `tasks` and their blobs, and return what was deleted, or would be.

    Others read and write meanwhile. A result that is kept anew after it was listed stays, where the database can tell.
    An interrupt leaves what is not yet deleted as it was.

    Args:
        tasks: As a catalog or database lists them.
        db: Holds their rows.
        storage: Holds their blobs; None leaves blobs alone.
        dry_run: Change nothing.
        progress: Called after each chunk with the number of tasks done so far.

    Raises:
        StorageError: the database can't delete; what was deleted until then stays deleted.
    """
    done, count, size_bytes, blobs_left = 0, 0, 0, 0
    presence = Presence(() if storage is None else (storage,))
    steps = ((chunk, chunk) for chunk in batched(tasks, FIRST_CHUNK)) if dry_run else in_steps(tasks, db)
    for chunk, gone in steps:
        count += len(gone)
        size_bytes += sum(task.size_bytes or 0 for task in gone)
        # Only now: a crash between the two leaves an orphan blob, never a row that names nothing.
        blobs_left += 0 if dry_run else _delete_blobs(gone, storage, presence)
        done += len(chunk)
        if progress is not None:
            progress(done)
    return Deleted(count, size_bytes, blobs_left)


def prune(
    db: TaskDB,
    storage: BlobStorage | None,
    where: TaskFilter | None = None,
    *,
    max_bytes: Size | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Deleted:
    """Delete the tasks that `where` means, as `delete_tasks` does.

    Args:
        db: Holds their rows.
        storage: Holds their blobs; None leaves blobs alone.
        where: Every condition holds; None for all tasks.
        max_bytes: Leave so many bytes, or '5GB', of what `where` means, those that were used last; None leaves nothing.
        dry_run: Change nothing.
        progress: Called after each chunk with the number of tasks done so far.

    Raises:
        ConfigurationError: there is no condition, or `max_bytes` is no size.
        StorageError: the database can't delete; what was deleted until then stays deleted.
    """
    where = where or TaskFilter()
    if where == TaskFilter() and max_bytes is None:
        raise ConfigurationError(f"nothing says what to prune: {where!r}; give one condition, as expired_before=now")
    tasks = db.find(where)
    if max_bytes is not None:
        uses = db.uses if isinstance(db, SupportsUses) else None
        tasks = least_used(lambda: db.find(where), uses, max_bytes)
    return delete_tasks(tasks, db, storage, dry_run=dry_run, progress=progress)


def _delete_blobs(tasks: Sequence[Task], storage: BlobStorage | None, presence: Presence) -> int:
    """Delete the blobs of `tasks`, and return how many are left."""
    locations = [task.result_value for task in tasks if task.result_type == "FILE" and task.result_value]
    if storage is None:
        return sum(task.result_type == "FILE" for task in tasks)
    # Deleting says nothing of a blob that lies in another storage.
    there = presence.among(locations)
    return len(locations) - len(there) + len(delete_blobs(there, storage))
