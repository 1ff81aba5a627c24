"""Reads everything that is kept, and says what can't be read. Changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from zlib import crc32

from beautyspot.catalog import Catalog, ValueReader
from beautyspot.catalog.tasks import tasks_named
from beautyspot.catalog.values import described, unpacked
from beautyspot.compression import unpacked_bytes
from beautyspot.errors import ConfigurationError, DamagedEntryError, LostBlobError, SerializationError, StorageError
from beautyspot.maintenance.listing import tasks_of
from beautyspot.protocols import BlobStorage
from beautyspot.records import DAMAGED, Task

CHUNK = 200
CHUNK_BYTES = 8 * 1024 * 1024
"""Inline values that are read at once; a row at a time took eight times as long."""
MAX_COMPLAINTS = 100
"""Most lines of SQLite's own check."""
MOST_UNREACHABLE = 3
"""Blobs in a row that a storage may fail to give: each takes up to 30 s, and the others would fail as well."""


class Verdict(NamedTuple):
    """What a look at one value came to."""

    kind: Literal["sound", "unread", "damaged", "lost", "unreachable"]
    what: str = ""
    """What is wrong."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One result that can't be read; its call runs again."""

    task: Task
    what: str
    """What is wrong with it."""
    is_lost: bool
    """The row is whole, but its blob is gone, or its page can't be read now."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """One result whose blob storage failed: nothing is known of its value."""

    task: Task
    what: str
    """What the storage said."""


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
    unreachable: tuple[Unreachable, ...] = ()
    """Results that a storage in trouble did not give, which says nothing against them."""
    is_whole: bool = True
    """Whether every result was looked at; not where the storage gave none of MOST_UNREACHABLE in a row."""

    @property
    def is_sound(self) -> bool:
        """Whether all is known to be right."""
        return not self.damaged and not self.complaints and not self.unreachable


def verify(
    catalog: Catalog, storages: Sequence[BlobStorage], *, progress: Callable[[int], None] | None = None
) -> Verified:
    """Check the file of `catalog`, decode each of its values, and compare its bytes with their checksum.

    Others read and write meanwhile; a result that they replace or delete is not taken for damaged. Of inline
    values some are in memory at a time, as many as CHUNK_BYTES hold, of those in blobs one. It ends where a storage
    gives none of MOST_UNREACHABLE blobs in a row.

    Args:
        catalog: Lists the results.
        storages: Hold their blobs; the first that has one is asked.
        progress: Called with the number of tasks done so far.
    """
    complaints = integrity_of(catalog)
    tally = _Tally(catalog)
    try:
        for task, verdict in _looked(catalog.values(*storages), tasks_of(catalog)):
            tally.add(task, verdict)
            if progress is not None and tally.tasks % CHUNK == 0:
                progress(tally.tasks)
            if tally.failed_in_a_row == MOST_UNREACHABLE:
                return tally.result(complaints, is_whole=False)
    except StorageError as error:
        complaints = (*complaints, f"the rows after the {tally.tasks} newest can't be listed: {error}")
    return tally.result(complaints)


class _Tally:
    """What was found so far."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.tasks = self.failed_in_a_row = self._size_bytes = self._unread = 0
        self._damaged: list[Damage] = []
        self._unreachable: list[Unreachable] = []

    def add(self, task: Task, verdict: Verdict) -> None:
        kind, what = verdict
        if kind == "unreachable":
            self._unreachable.append(Unreachable(task, what))
        elif kind in ("damaged", "lost") and _is_still(self._catalog, task):
            self._damaged.append(Damage(task, what, is_lost=kind == "lost"))
        if task.result_type == "FILE":
            self.failed_in_a_row = self.failed_in_a_row + 1 if kind == "unreachable" else 0
        self._unread += kind == "unread"
        self._size_bytes += (task.size_bytes or 0) if kind != "unreachable" else 0
        self.tasks += 1

    def result(self, complaints: tuple[str, ...], *, is_whole: bool = True) -> Verified:
        damaged, unreachable = tuple(self._damaged), tuple(self._unreachable)
        return Verified(self.tasks, self._size_bytes, damaged, self._unread, complaints, unreachable, is_whole)


def integrity_of(catalog: Catalog, /) -> tuple[str, ...]:
    """Return what SQLite finds wrong with the file of `catalog`; empty for nothing, and for a server."""
    if catalog.source.path is None:
        return ()
    try:
        answer = catalog.source.pragma(f"integrity_check({MAX_COMPLAINTS})")
    except StorageError as error:
        return (str(error),)
    return () if answer == "ok" else tuple(answer.splitlines())


def _looked(reader: ValueReader, tasks: Iterable[Task]) -> Iterator[tuple[Task, Verdict]]:
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


def look(reader: ValueReader, task: Task, data: bytes | None) -> Verdict:
    """Return what is to be said of a value: "unread" is one that is not decoded here.

    Args:
        reader: Reads the value where `data` is None.
        task: Says what it should be.
        data: The value as it is kept.
    """
    if task.result_type == "FILE" and (task.result_value or "").endswith(".pkl"):
        return Verdict("unread")
    is_whole = False
    try:
        if task.result_type == "DIRECT":
            reader.read(task)
            return Verdict("sound")
        data = reader.data(task) if data is None else data
        if task.checksum is not None and crc32(data) != task.checksum:
            return Verdict("damaged", "its bytes are not those that were written")
        # A size is believed by whoever prunes: a lie of 10^15 bytes would send everything else away.
        if task.size_bytes is not None and len(data) != task.size_bytes:
            return Verdict("damaged", f"its row says {task.size_bytes} bytes, and its value has {len(data)}")
        if task.compression is not None and unpacked_bytes(task.compression, len(data)) is None:
            return Verdict("unread")  # as a later release does it
        data = unpacked(task, data)
        is_whole = task.checksum is not None
        described(task, data)
    except StorageError as error:
        # A timeout is no answer: the blob may well be there.
        is_known = isinstance(error, LostBlobError) or task.result_type != "FILE"
        return Verdict("lost" if is_known else "unreachable", str(error))
    except ConfigurationError:
        return Verdict("unread")  # compressed by a library that is not here
    except (DamagedEntryError, SerializationError) as error:
        # What a serializer wrote, and is as it was written, is never called damaged: it may have been another one.
        return Verdict("unread") if is_whole else Verdict("damaged", str(error))
    return Verdict("sound")


def _is_still(catalog: Catalog, task: Task) -> bool:
    """Say whether the row is still as it was listed; one that was replaced or deleted meanwhile is not damaged."""
    # A row whose key is no text can't be asked for.
    return task.result_type == DAMAGED or any(
        other.updated_at == task.updated_at for other in tasks_named(catalog.source, [task.cache_key])
    )
