"""Writes results, their blobs and what was counted into one file."""

import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import IO
from zipfile import ZIP_STORED, ZipFile
from zlib import crc32

from beautyspot.errors import StorageError
from beautyspot.maintenance.archive import (
    BIG_BYTES,
    FORMAT,
    MANIFEST,
    MAX_ROW_BYTES,
    PART_BYTES,
    PIECE_BYTES,
    VERSION,
    framed,
    pack_row,
)
from beautyspot.protocols import BlobStorage, SupportsJournalReads, TaskDB
from beautyspot.records import Task, TaskFilter


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    tasks: int
    size_bytes: int
    """Of their values."""
    left_out: int
    """Results that are damaged, whose blob is lost, or that an earlier release wrote and no function adopted yet."""
    activity: int
    """Rows of what functions did in a minute."""


class ArchiveWriter:
    """Adds members to a zip, and remembers their hashes."""

    def __init__(self, file: ZipFile) -> None:
        """Write to `file`."""
        self._file = file
        self._hashes: dict[str, str] = {}
        self._numbers = count()
        self._part: list[bytes] = []
        self._part_bytes = 0

    def add_pieces(self, pieces: Iterator[bytes], /) -> tuple[str, int]:
        """Write a big value, and return its member's name and the CRC-32 of its bytes."""
        name = f"values/{next(self._numbers):06}"
        digest, checksum = sha256(), 0
        with self._file.open(name, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                checksum = crc32(piece, checksum)
                member.write(piece)
        self._hashes[name] = digest.hexdigest()
        return name, checksum

    def add_row(self, kind: str, *pieces: bytes) -> None:
        """Add a row to the part that is being filled."""
        self._part += map(framed, pieces)
        self._part_bytes += sum(map(len, pieces))
        if self._part_bytes >= PART_BYTES:
            self.end_part(kind)

    def end_part(self, kind: str) -> None:
        """Write the part that was filled, if there is anything in it."""
        data, name = b"".join(self._part), f"{kind}/{next(self._numbers):06}"
        if data:
            self._file.writestr(name, data)
            self._hashes[name] = sha256(data).hexdigest()
        self._part, self._part_bytes = [], 0

    def end(self, done: Exported) -> None:
        """Write the manifest; an archive without it is not whole."""
        figures = {"tasks": done.tasks, "size_bytes": done.size_bytes, "activity": done.activity}
        head = {"format": FORMAT, "version": VERSION, "created_at": datetime.now(UTC).isoformat()}
        self._file.writestr(MANIFEST, json.dumps({**head, **figures, "sha256": self._hashes}, indent=1))


def export_archive(
    db: TaskDB,
    storages: Sequence[BlobStorage],
    target: Path,
    *,
    where: TaskFilter | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write the results that `where` means, their blobs, and the activity of all functions to `target`.

    Others read and write meanwhile. The file appears when it is whole; an interrupt leaves nothing behind. One value is
    in memory at a time, and of big ones a piece.

    Raises:
        StorageError: the database or a blob can't be read, or the file not be written.
    """
    tasks = db.find(where or TaskFilter())
    if dry_run:
        found = [task.size_bytes or 0 for task in tasks if task.size_bytes is not None]
        return Exported(len(found), sum(found), 0, 0)
    with _file_at(target) as stream, ZipFile(stream, "w", ZIP_STORED) as file:
        writer = ArchiveWriter(file)
        kept = size_bytes = left_out = 0
        for number, task in enumerate(tasks, 1):
            if _add(writer, task, db, storages):
                kept, size_bytes = kept + 1, size_bytes + (task.size_bytes or 0)
            else:
                left_out += 1
            if progress is not None:
                progress(number)
        writer.end_part("tasks")
        done = Exported(kept, size_bytes, left_out, _add_activity(writer, db))
        writer.end(done)
    return done


def _add(writer: ArchiveWriter, task: Task, db: TaskDB, storages: Sequence[BlobStorage]) -> bool:
    """Add a result, and say whether it is whole; one that was replaced meanwhile comes with the next export."""
    if task.size_bytes is None:
        return False
    stream = _value_of(task, db, storages)
    if stream is None:
        return False
    with stream:
        head = stream.read(BIG_BYTES)
        more = stream.read(PIECE_BYTES) if len(head) == BIG_BYTES else b""
        if more:
            member, checksum = writer.add_pieces(_pieces(head, more, stream))
            value = b""
        else:
            member, checksum, value = None, crc32(head), head
    row = pack_row(task, member=member)
    if (task.checksum is not None and checksum != task.checksum) or len(row) > MAX_ROW_BYTES:
        return False
    writer.add_row("tasks", row, value)
    return True


def _value_of(task: Task, db: TaskDB, storages: Sequence[BlobStorage]) -> IO[bytes] | None:
    if task.result_type != "FILE":
        entry = db.get(task.cache_key)
        return None if entry is None or entry.result_data is None else BytesIO(entry.result_data)
    for storage in storages:
        try:
            return storage.open(task.result_value or "")
        except StorageError:
            continue
    return None


def _pieces(head: bytes, more: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    yield head
    while more:
        yield more
        more = stream.read(PIECE_BYTES)


def _add_activity(writer: ArchiveWriter, db: TaskDB) -> int:
    number = 0
    if isinstance(db, SupportsJournalReads):
        for number, row in enumerate(db.read_activity(), 1):  # noqa: B007 - counted
            writer.add_row("activity", pack_row(row))
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
        temporary.unlink(missing_ok=True)
