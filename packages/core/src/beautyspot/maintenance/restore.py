"""Reads an archive into a store, while others use it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from beautyspot.batched import batched
from beautyspot.deletion import delete_rows
from beautyspot.errors import ConfigurationError, DamagedEntryError
from beautyspot.maintenance.archive import activity_from, task_from, unpack_row
from beautyspot.maintenance.archive_reader import ArchiveReader, open_archive
from beautyspot.maintenance.copied_blobs import lacks_blob, named_copies
from beautyspot.maintenance.existence import without_making
from beautyspot.maintenance.merge import merger_of, put_possible
from beautyspot.maintenance.portions import BLOB_BYTES, portions
from beautyspot.protocols import BlobStorage, SupportsJournal, SupportsJournalReads, SupportsMerge, TaskDB
from beautyspot.records import Activity, Task

Row = tuple[Task, bytes, object]
"""A task, its value, and the member that holds the value; None where the value is given."""
CHUNK = 100
NAMED = 10
"""How many of the results that were left out are named."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to."""

    tasks: int
    """Results that were not there, older, or there without their blob."""
    size_bytes: int
    """Of their values."""
    there: int
    """Results that were there, as new or newer."""
    activity: int
    """Rows of what functions did in a minute; a minute that is there stays as it is."""
    refused: int
    """Results left out, as the database has no place for a text in them; a dry run doesn't know of them."""
    first_refused: tuple[str, ...]
    """The keys of ten of them."""


class _Target(NamedTuple):
    """Where results go."""

    db: TaskDB
    merger: SupportsMerge
    storage: BlobStorage | None


def import_archive(
    source: str | os.PathLike[str],
    db: TaskDB,
    storage: BlobStorage | None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Keep the results of the archive `source` that are not there, older there, or there without their blob.

    Others read and write meanwhile. Doing it twice changes nothing, so an interrupted import is done again. One part of
    rows or one value is in memory at a time. What the database has no place for is left out, and holds up nothing.

    Args:
        source: What `export_archive` wrote.
        db: Takes the rows.
        storage: Takes the blobs; None if there are none to take.
        dry_run: Change nothing.
        progress: Called with the number of results done so far.

    Raises:
        ConfigurationError: it is no archive, or of a later release, or holds blobs and there is no `storage`.
        DamagedEntryError: it is cut short, changed, or made to do harm; what came before that is kept.
        StorageError: the database or storage can't be written; what was kept until then stays.
    """
    db = without_making(db) if dry_run else db
    target = _Target(db, merger_of(db), storage)
    done = kept = size_bytes = refused = 0
    first: list[str] = []
    with open_archive(Path(source)) as archive:
        for part in archive.parts("tasks"):
            for chunk in portions(_rows_of(archive, part), _weight):
                new, left_out = _put(archive, chunk, target, dry_run=dry_run)
                kept, size_bytes = kept + len(new), size_bytes + sum(task.size_bytes or 0 for task in new)
                refused, first = refused + len(left_out), [*first, *sorted(left_out)][:NAMED]
                done += len(chunk)
                if progress is not None:
                    progress(done)
        activity = _add_activity(archive, db, dry_run=dry_run)
    return Imported(kept, size_bytes, done - kept - refused, activity, refused, tuple(first))


def _rows_of(archive: ArchiveReader, part: list[bytes]) -> Iterator[Row]:
    """Yield each task with its value, or the name of the member that holds it."""
    if len(part) % 2:
        raise DamagedEntryError("a part of rows lacks a value; export it anew")
    for data, value in zip(part[::2], part[1::2], strict=True):
        row = unpack_row(data)
        member = row.get("member")
        yield task_from(row, len(value) if member is None else archive.claim(member)), value, member


def _weight(row: Row) -> int:
    size_bytes = row[0].size_bytes or 0
    return max(size_bytes, BLOB_BYTES) if row[0].result_type == "FILE" else size_bytes


def _put(archive: ArchiveReader, rows: list[Row], target: _Target, *, dry_run: bool) -> tuple[list[Task], set[str]]:
    """Return the tasks that are kept now, and the keys of those that the target can never keep."""
    wanted, blobless = _wanted(rows, target)
    if dry_run:
        return [task for task, _, _ in wanted], set()
    tasks: list[Task] = []
    try:
        for task, value, member in wanted:
            data = value if member is None else archive.member(member)
            tasks.append(_with_value(task, data, target.storage))
    except BaseException:  # an interrupt too; re-raised
        _named(tasks, target)
        raise
    delete_rows([task for task in tasks if task.cache_key in blobless], target.db)  # one as new would stay
    # Whatever ends this, be it after the rows are there and before that is known, leaves their blobs: `clean` finds
    # those that no row names.
    kept, refused = put_possible(target.merger, tasks)
    kept |= _named([task for task in tasks if task.cache_key not in kept], target)
    return [task for task in tasks if task.cache_key in kept], refused


def _wanted(rows: list[Row], target: _Target) -> tuple[list[Row], set[str]]:
    """Return those that the target needs, and the keys of those it has without their blob."""
    there = target.merger.updated_at([task.cache_key for task, _, _ in rows])
    wanted: dict[str, Row] = {}
    blobless: set[str] = set()
    for row in rows:
        task, key = row[0], row[0].cache_key
        if key not in there or there[key] < task.updated_at:
            wanted[key] = row
        elif there[key] == task.updated_at and _lacks_blob(task, target):
            wanted[key] = row
            blobless.add(key)
    return [*wanted.values()], blobless


def _lacks_blob(task: Task, target: _Target) -> bool:
    if task.result_type != "FILE" or target.storage is None:
        return False
    return lacks_blob(task.cache_key, target.db, target.storage)


def _named(tasks: list[Task], target: _Target) -> set[str]:
    blobs = [task for task in tasks if task.result_type == "FILE"]
    return set[str]() if target.storage is None else named_copies(blobs, target.db, target.storage)


def _with_value(task: Task, data: bytes, storage: BlobStorage | None) -> Task:
    if task.checksum is not None and crc32(data) != task.checksum:
        raise DamagedEntryError(f"the value of {task.cache_key!r:.80} is not what was written; export it anew")
    if task.result_type != "FILE":
        return task._replace(result_data=data)
    if storage is None:
        raise ConfigurationError("it holds blobs, and nothing says where they go; give a storage, as --storage PATH")
    return task._replace(result_value=storage.save(task.cache_key, data))


def _add_activity(archive: ArchiveReader, db: TaskDB, *, dry_run: bool) -> int:
    if not (isinstance(db, SupportsJournal) and isinstance(db, SupportsJournalReads)):
        return 0
    there = {(row.func_name, row.minute) for row in db.read_activity()}
    count = 0
    for part in archive.parts("activity"):
        rows: list[Activity] = [activity_from(unpack_row(data)) for data in part]
        new = [row for row in rows if (row.func_name, row.minute) not in there]
        there.update((row.func_name, row.minute) for row in new)
        for chunk in () if dry_run else batched(new, CHUNK):
            db.add_activity(chunk)
        count += len(new)
    return count
