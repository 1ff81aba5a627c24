"""Writes results, their blobs and what was counted into one file."""

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import IO, Literal
from zipfile import ZIP_STORED, ZipFile
from zlib import crc32

from beautyspot.batched import batched
from beautyspot.db.redis_url import SCHEMES as NO_SQL
from beautyspot.errors import ConfigurationError, DamagedEntryError, LostBlobError, StorageError
from beautyspot.maintenance.archive import BIG_BYTES, PIECE_BYTES, activity_from, pack_row, task_from, unpack_row
from beautyspot.maintenance.archive_reader import open_archive
from beautyspot.maintenance.archive_writer import ArchiveWriter
from beautyspot.maintenance.blob_moves import is_legacy
from beautyspot.maintenance.existence import expect_made
from beautyspot.maintenance.presence import PAGE, Presence
from beautyspot.maintenance.whole_tasks import is_in_place
from beautyspot.protocols import BlobStorage, SupportsJournalReads, TaskDB
from beautyspot.records import DAMAGED, Task, TaskFilter


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    tasks: int
    size_bytes: int
    """Of their values."""
    left_out: int
    """Results that are damaged."""
    lost: int
    """Results left out, as their blob is in no storage."""
    legacy: int
    """Results left out that an earlier release wrote and no function adopted yet."""
    activity: int
    """Rows of what functions did in a minute."""


Outcome = Literal["tasks", "left_out", "lost", "legacy", "gone"]


def export_archive(
    db: TaskDB,
    storages: Sequence[BlobStorage],
    target: str | os.PathLike[str],
    *,
    where: TaskFilter | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write the results that `where` means, their blobs, and the activity of all functions to `target`.

    Others read and write meanwhile. The file appears when it is whole; an interrupt leaves nothing behind. One value is
    in memory at a time, and of big ones a piece.

    Raises:
        ConfigurationError: there is no database, or `target` is anything but an older archive or a new file; or rows
            name blobs and there is no storage, or none of them is there: an older archive may well hold them.
        StorageError: the database or a blob can't be read, or the file not be written.
    """
    target = Path(target)
    expect_made(db)
    _expect_free(target, db)
    tasks = _with_place(db.find(where or TaskFilter()), storages)
    if dry_run:
        presence = Presence(storages)
        ahead = _looked_for(tasks, presence)
        return _exported(_counted(ahead, lambda task: _looked_at(task, db, presence), db, storages, progress))
    with _file_at(target) as stream, ZipFile(stream, "w", ZIP_STORED) as file:
        writer = ArchiveWriter(file)
        counts = _counted(tasks, lambda task: _add(writer, task, db, storages), db, storages, progress)
        writer.end_part("tasks")
        counts["activity"] = _add_activity(writer, db)
        done = _exported(counts)
        writer.end(tasks=done.tasks, size_bytes=done.size_bytes, activity=done.activity)
    return done


def _counted(
    tasks: Iterable[Task],
    treat: Callable[[Task], tuple[Outcome, int]],
    db: TaskDB,
    storages: Sequence[BlobStorage],
    progress: Callable[[int], None] | None,
) -> Counter[str]:
    """Return what it comes to that each task is treated; refuses as `_expect_blobs` does."""
    counts: Counter[str] = Counter()
    for number, task in enumerate(tasks, 1):
        outcome, size_bytes = treat(task)
        counts[outcome] += 1
        counts["size_bytes"] += size_bytes
        counts["blobs"] += task.result_type == "FILE" and outcome in ("tasks", "left_out")
        if progress is not None:
            progress(number)
    _expect_blobs(counts, db, storages)
    return counts


def _exported(counts: Counter[str]) -> Exported:
    return Exported(**{each.name: counts[each.name] for each in fields(Exported)})


def _with_place(tasks: Iterable[Task], storages: Sequence[BlobStorage]) -> Iterator[Task]:
    """Yield the tasks, and refuse the first whose blob could lie anywhere."""
    for task in tasks:
        if task.result_type == "FILE" and not storages and not is_legacy(task):
            raise ConfigurationError("rows name blobs, and nothing says where they lie; say where with --storage URL")
        yield task


def _expect_blobs(counts: Counter[str], db: TaskDB, storages: Sequence[BlobStorage]) -> None:
    """Refuse to end an archive without the blobs of a storage that isn't there: a disk that isn't mounted reads as an
    empty folder, while a few blobs may be found where earlier releases kept them.
    """
    if counts["lost"] and (not counts["blobs"] or next(iter(storages[0].iter_keys()), None) is None):
        where = getattr(storages[0], "root", storages[0])
        name = str(getattr(db, "name", ""))
        first = f"copy the rows by `beautyspot migrate --from {name} --to copy.db`, and for that file "
        raise ConfigurationError(
            f"{counts['lost']} blobs that rows name are not in {where!r}; say where they lie with --storage or mount "
            f"it, and only if they are gone for good {first if name.partition('://')[0] in NO_SQL else ''}run "
            "`beautyspot clean --blobs-are-gone` first"
        )


def _expect_free(target: Path, db: TaskDB) -> None:
    """Refuse a target that holds anything but what an export wrote.

    Raises:
        ConfigurationError: it does, or is a name that SQLite or a Spot uses beside the database.
    """
    path: str | None = getattr(db, "path", None)
    own = None if path is None else Path(path).resolve()
    place = target.resolve()
    if own is not None and place.parent == own.parent and (place == own or place.name.startswith(f"{own.name}-")):
        raise ConfigurationError(f"{str(target)!r} belongs to the database that is exported; give another path")
    if not target.exists():
        return
    try:
        with open_archive(target):
            return
    except (ConfigurationError, DamagedEntryError, OSError) as error:
        raise ConfigurationError(
            f"{str(target)!r} is there and is no archive of `beautyspot export`; give another path, or delete it first"
        ) from error


def _add(writer: ArchiveWriter, task: Task, db: TaskDB, storages: Sequence[BlobStorage]) -> tuple[Outcome, int]:
    """Add a result, and return what came of it, and the bytes of its value.

    One that was replaced meanwhile comes with the next export.
    """
    if is_legacy(task):
        return "legacy", 0
    if task.result_type == DAMAGED:
        return "left_out", 0
    stream = _value_of(task, db, storages)
    if stream is None:
        return _missed(task, db), 0
    with stream:
        head = stream.read(BIG_BYTES)
        more = stream.read(PIECE_BYTES) if len(head) == BIG_BYTES else b""
        if more:
            member, checksum = writer.add_pieces(_pieces(head, more, stream))
            value = b""
        else:
            member, checksum, value = None, crc32(head), head
        size_bytes = stream.tell()
    row = _packed(task._replace(size_bytes=size_bytes), member, size_bytes)
    if (task.checksum is not None and checksum != task.checksum) or row is None:
        return "left_out", 0
    writer.add_row("tasks", row, value)
    return "tasks", size_bytes


def _looked_for(tasks: Iterable[Task], presence: Presence) -> Iterator[Task]:
    """Yield the tasks, once `presence` has looked for the blobs of the next ones together."""
    for chunk in batched(tasks, PAGE):
        presence.look_for(
            [task.result_value or "" for task in chunk if task.result_type == "FILE" and not is_legacy(task)]
        )
        yield from chunk


def _looked_at(task: Task, db: TaskDB, presence: Presence) -> tuple[Outcome, int]:
    """Return what would come of a result, as far as its row and the list of blobs tell."""
    if is_legacy(task):
        return "legacy", 0
    size_bytes = max(task.size_bytes or 0, 0)
    if task.result_type == DAMAGED or _packed(task._replace(size_bytes=size_bytes), None, size_bytes) is None:
        return "left_out", 0
    if task.result_type == "FILE" and not presence.has(task.result_value or ""):
        return _missed(task, db), 0
    return "tasks", size_bytes


def _missed(task: Task, db: TaskDB) -> Outcome:
    """Return what became of a result that has no value."""
    if not is_in_place(db, task):
        return "gone"
    return "lost" if task.result_type == "FILE" else "left_out"


def _packed(task: Task, member: str | None, size_bytes: int) -> bytes | None:
    """Return the row of an archive; None for one that no import would take, as a column of it is damaged."""
    try:
        row = pack_row(task, member=member)
        task_from(unpack_row(row), size_bytes)
    except (DamagedEntryError, ValueError, TypeError, OverflowError):
        return None
    return row


def _value_of(task: Task, db: TaskDB, storages: Sequence[BlobStorage]) -> IO[bytes] | None:
    if task.result_type != "FILE":
        entry = db.get(task.cache_key)
        return None if entry is None or entry.result_data is None else BytesIO(entry.result_data)
    failure: StorageError | None = None
    for storage in storages:
        try:
            return storage.open(task.result_value or "")
        except LostBlobError:
            continue
        except StorageError as error:
            failure = error
    if failure is not None:
        raise failure  # a timeout is no answer: an archive without the blob would replace one that has it
    return None


def _pieces(head: bytes, more: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    while more:
        yield more
        more = stream.read(PIECE_BYTES)


def _add_activity(writer: ArchiveWriter, db: TaskDB) -> int:
    number = 0
    if isinstance(db, SupportsJournalReads):
        for row in db.read_activity():
            try:
                packed = pack_row(row)
                activity_from(unpack_row(packed))
            except (DamagedEntryError, ValueError, TypeError, OverflowError):
                continue  # one that no import would take costs a minute of statistics, not the archive
            writer.add_row("activity", packed)
            number += 1
    writer.end_part("activity")
    return number


@contextmanager
def _file_at(target: Path) -> Generator[IO[bytes]]:
    """Give a new file that takes the place of `target` when the block ends well."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"can't write {str(target)!r}: {error}; give another path, or free some space") from error
    finally:
        with suppress(OSError):  # most often it is gone; and what can't be written can't be deleted
            temporary.unlink()
