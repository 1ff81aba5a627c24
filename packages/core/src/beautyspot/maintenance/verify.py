"""Reads everything that is kept, and says what can't be read. Changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from beautyspot.catalog import Catalog, ValueReader
from beautyspot.catalog.tasks import tasks_named
from beautyspot.catalog.values import described, unpacked
from beautyspot.compression import unpacked_bytes
from beautyspot.errors import ConfigurationError, DamagedEntryError, SerializationError, StorageError
from beautyspot.maintenance.listing import tasks_of
from beautyspot.protocols import BlobStorage
from beautyspot.records import DAMAGED, Task

CHUNK = 200
CHUNK_BYTES = 8 * 1024 * 1024
"""Inline values that are read at once; a row at a time took eight times as long."""
MAX_COMPLAINTS = 100
"""Most lines of SQLite's own check."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One result that can't be read; its call runs again."""

    task: Task
    what: str
    """What is wrong with it."""
    is_lost: bool
    """The row is whole, but its blob can't be had: it is gone, or its storage is not to be reached."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification came to."""

    tasks: int
    size_bytes: int
    """Of the serialized values that were read."""
    damaged: tuple[Damage, ...]
    unread: int
    """Results that only their program can read: pickles of release 0.3, values that another serializer wrote, and those
    that are compressed where `zstandard` is not installed."""
    complaints: tuple[str, ...]
    """What the database's own check found wrong with its file; empty if nothing, or on a server."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damaged and not self.complaints


def verify(
    catalog: Catalog, storages: Sequence[BlobStorage], *, progress: Callable[[int], None] | None = None
) -> Verified:
    """Check the file of `catalog`, decode each of its values, and compare its bytes with their checksum.

    Others read and write meanwhile; a result that they replace or delete is not taken for damaged. Of inline
    values some are in memory at a time, as many as CHUNK_BYTES hold, of those in blobs one.

    Args:
        catalog: Lists the results.
        storages: Hold their blobs; the first that has one is asked.
        progress: Called with the number of tasks done so far.
    """
    complaints = integrity_of(catalog)
    reader = catalog.values(*storages)
    count = size_bytes = unread = 0
    damaged: list[Damage] = []
    try:
        for task, (what, is_lost, is_unread) in _looked(reader, tasks_of(catalog)):
            if what is not None and _is_still(catalog, task):
                damaged.append(Damage(task, what, is_lost))
            count, size_bytes, unread = count + 1, size_bytes + (task.size_bytes or 0), unread + is_unread
            if progress is not None and count % CHUNK == 0:
                progress(count)
    except StorageError as error:
        complaints = (*complaints, f"the rows after the {count} newest can't be listed: {error}")
    return Verified(count, size_bytes, tuple(damaged), unread, complaints)


def integrity_of(catalog: Catalog, /) -> tuple[str, ...]:
    """Return what SQLite finds wrong with the file of `catalog`; empty for nothing, and for a server."""
    if catalog.source.path is None:
        return ()
    try:
        answer = catalog.source.pragma(f"integrity_check({MAX_COMPLAINTS})")
    except StorageError as error:
        return (str(error),)
    return () if answer == "ok" else tuple(answer.splitlines())


def sound(catalog: Catalog, storages: Sequence[BlobStorage], /) -> Iterator[Task]:
    """Yield the tasks of `catalog` whose values can be read."""
    reader = catalog.values(*storages)
    return (task for task, (what, _, _) in _looked(reader, tasks_of(catalog)) if what is None)


def _looked(reader: ValueReader, tasks: Iterable[Task]) -> Iterator[tuple[Task, tuple[str | None, bool, bool]]]:
    """Yield each task with what `look` says of it; inline values are read many at a time."""
    for chunk in _chunks(tasks):
        try:
            inline = reader.inline([task for task in chunk if task.result_type == "DIRECT_BLOB"])
        except StorageError:
            inline = dict[str, bytes]()  # one bad page; each is asked for on its own
        for task in chunk:
            yield task, look(reader, task, inline.get(task.cache_key))


def _chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    chunk: list[Task] = []
    held_bytes = 0
    try:
        for task in tasks:
            chunk.append(task)
            held_bytes += max(0, task.size_bytes or 0) if task.result_type == "DIRECT_BLOB" else 0
            if len(chunk) == CHUNK or held_bytes > CHUNK_BYTES:
                yield chunk
                chunk, held_bytes = [], 0
    except StorageError:
        yield chunk  # what was listed before the bad page
        raise
    yield chunk


def look(reader: ValueReader, task: Task, data: bytes | None) -> tuple[str | None, bool, bool]:
    """Return what is wrong with a value, whether it is its blob that is lost, and whether it could not be decoded.

    Args:
        reader: Reads the value where `data` is None.
        task: Says what it should be.
        data: The value as it is kept.
    """
    if task.result_type == "FILE" and (task.result_value or "").endswith(".pkl"):
        return None, False, True
    is_whole = False
    try:
        if task.result_type == "DIRECT":
            reader.read(task)
            return None, False, False
        data = reader.data(task) if data is None else data
        if task.checksum is not None and crc32(data) != task.checksum:
            return "its bytes are not those that were written", False, False
        # A size is believed by whoever prunes: a lie of 10^15 bytes would send everything else away.
        if task.size_bytes is not None and len(data) != task.size_bytes:
            return f"its row says {task.size_bytes} bytes, and its value has {len(data)}", False, False
        if task.compression is not None and unpacked_bytes(task.compression, len(data)) is None:
            return None, False, True  # as a later release does it
        data = unpacked(task, data)
        is_whole = task.checksum is not None
        described(task, data)
    except StorageError as error:
        return str(error), True, False
    except ConfigurationError:
        return None, False, True  # compressed by a library that is not here
    except (DamagedEntryError, SerializationError) as error:
        # What a serializer wrote, and is as it was written, is never called damaged: it may have been another one.
        return (None, False, True) if is_whole else (str(error), False, False)
    return None, False, False


def _is_still(catalog: Catalog, task: Task) -> bool:
    """Say whether the row is still as it was listed; one that was replaced or deleted meanwhile is not damaged."""
    # A row whose key is no text can't be asked for.
    return task.result_type == DAMAGED or any(
        other.updated_at == task.updated_at for other in tasks_named(catalog.source, [task.cache_key])
    )
