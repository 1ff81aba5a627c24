"""Reads an archive into a store. What lies in it is anybody's, and is believed in nothing."""

import json
import os
import stat
import struct
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import crc32

from beautyspot.batched import batched
from beautyspot.errors import ConfigurationError, DamagedEntryError
from beautyspot.maintenance.archive import (
    FORMAT,
    MANIFEST,
    MAX_PART_BYTES,
    MEMBER,
    VERSION,
    activity_from,
    pieces_of,
    task_from,
    unpack_row,
)
from beautyspot.maintenance.existence import without_making
from beautyspot.maintenance.merge import merger_of
from beautyspot.protocols import BlobStorage, SupportsJournal, SupportsJournalReads, SupportsMerge, TaskDB
from beautyspot.records import Activity, Task

CHUNK = 100
ODD = (BadZipFile, NotImplementedError, EOFError, ValueError, OSError, struct.error)
"""What `zipfile` raises for a file that is none, or whose numbers lead anywhere."""
MAX_MANIFEST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to."""

    tasks: int
    """Results that were not there, or older."""
    size_bytes: int
    """Of their values."""
    there: int
    """Results that were there, as new or newer."""
    activity: int
    """Rows of what functions did in a minute; a minute that is there stays as it is."""


class ArchiveReader:
    """The members of an archive, each checked before anything is made of it."""

    def __init__(self, file: ZipFile, size_bytes: int) -> None:
        """Look at the list of members and the manifest.

        Raises:
            DamagedEntryError: no export of ours looks like it.
            ConfigurationError: it is no archive of ours, or of a later release.
        """
        self._file = file
        members = file.infolist()
        for member in members:
            _expect_plain(member)
        total = sum(member.file_size for member in members)
        if total > size_bytes or len({member.filename for member in members}) != len(members):
            raise DamagedEntryError(
                f"its members say they hold {total} bytes, and it has {size_bytes}; expected no more; export it anew"
            )
        self._members = {member.filename: member for member in members}
        self._hashes = self._manifest()
        self._claimed: set[str] = set()
        """Names of values that a row was read for."""

    def parts(self, kind: str, /) -> Iterator[list[bytes]]:
        """Yield the pieces of each part."""
        for name in sorted(name for name in self._members if name.startswith(f"{kind}/")):
            yield list(pieces_of(self.member(name, MAX_PART_BYTES)))

    def member(self, name: object, limit_bytes: int | None = None, /) -> bytes:
        """Return what a member holds.

        Raises:
            DamagedEntryError: it is missing, too big, or not as it was written.
        """
        info = self._info(name, limit_bytes)
        try:
            data = self._file.read(info)
        except ODD as error:
            raise DamagedEntryError(f"the member {info.filename!r} can't be read ({error}); export it anew") from error
        if info.filename != MANIFEST and sha256(data).hexdigest() != self._hashes.get(info.filename):
            raise DamagedEntryError(f"the member {info.filename!r} is not what was written; export it anew")
        return data

    def claim(self, name: object, /) -> int:
        """Return how many bytes the value `name` holds, once; raises as `member` does."""
        info = self._info(name)
        # A million rows that name one big member would be a bomb, though the archive is small.
        if not info.filename.startswith("values/") or info.filename in self._claimed:
            what = "that of another row" if info.filename in self._claimed else "no value"
            raise DamagedEntryError(
                f"the member {info.filename!r} is {what}, where a row names its own; export it anew"
            )
        self._claimed.add(info.filename)
        return info.file_size

    def _info(self, name: object, limit_bytes: int | None = None) -> ZipInfo:
        info = self._members.get(name) if isinstance(name, str) else None
        if info is None or (limit_bytes is not None and info.file_size > limit_bytes):
            size = "not there" if info is None else f"of {info.file_size} bytes"
            raise DamagedEntryError(f"the member {name!r:.80} is {size}, which no export writes; export it anew")
        return info

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._members:
            raise ConfigurationError(f"it has no {MANIFEST}; give a file that `beautyspot export` wrote")
        try:
            manifest: Any = json.loads(self.member(MANIFEST, MAX_MANIFEST_BYTES))
            version, hashes = manifest["version"], manifest["sha256"]
            is_ours = manifest["format"] == FORMAT and isinstance(version, int) and isinstance(hashes, dict)
        except (ValueError, KeyError, TypeError, RecursionError):
            is_ours = version = hashes = False
        if not is_ours:
            raise ConfigurationError(f"its {MANIFEST} is none of ours; give a file that `beautyspot export` wrote")
        if version != VERSION:
            raise ConfigurationError(
                f"it is of version {version!r:.20}, and this release reads {VERSION}; upgrade beautyspot"
            )
        return cast("dict[str, Any]", hashes)


def _expect_plain(member: ZipInfo) -> None:
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    is_packed = member.compress_type != ZIP_STORED or member.flag_bits & 1
    if MEMBER.fullmatch(member.filename) is None or is_link or is_packed:
        raise DamagedEntryError(
            f"the member {member.filename!r:.80} is none that an export writes; "
            "give a file that `beautyspot export` wrote, as it wrote it"
        )


@contextmanager
def open_archive(source: Path, /) -> Generator[ArchiveReader]:
    """Open an archive; what is wrong with it is told with its name.

    Raises:
        ConfigurationError: it is none, or of a later release.
        DamagedEntryError: it is cut short, changed, or made to do harm.
    """
    if not source.is_file():
        raise ConfigurationError(f"no file at {str(source)!r}; give one that `beautyspot export` wrote")
    try:
        with _opened(source) as file:
            yield ArchiveReader(file, source.stat().st_size)
    except (ConfigurationError, DamagedEntryError) as error:
        raise type(error)(f"can't import {str(source)!r}: {error}") from error


def _opened(source: Path) -> ZipFile:
    try:
        return ZipFile(source)
    except ODD as error:
        with open(source, "rb") as stream:
            is_zip = stream.read(4) == b"PK\x03\x04"
        if is_zip:
            raise DamagedEntryError(f"it is cut short or damaged ({error}); export it anew") from error
        raise ConfigurationError(f"it is no archive ({error}); give a file that `beautyspot export` wrote") from error


def import_archive(
    source: str | os.PathLike[str],
    db: TaskDB,
    storage: BlobStorage | None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Keep the results of the archive `source` that are not there, or older there.

    Others read and write meanwhile. Doing it twice changes nothing, so an interrupted import is done again. One part of
    rows or one value is in memory at a time.

    Args:
        source: What `export_archive` wrote.
        db: Takes the rows.
        storage: Takes the blobs; None if there are none to take.
        dry_run: Change nothing.
        progress: Called with the number of results done so far.

    Raises:
        ConfigurationError: it is no archive, or of a later release, or holds blobs and there is no `storage`.
        DamagedEntryError: it is cut short, changed, or made to do harm; what came before that is kept.
        StorageError: the database or storage can't be written.
    """
    db = without_making(db) if dry_run else db
    merger = merger_of(db)
    done = kept = size_bytes = 0
    with open_archive(Path(source)) as archive:
        for part in archive.parts("tasks"):
            for chunk in batched(_rows_of(archive, part), CHUNK):
                new = _put(archive, chunk, merger, storage, dry_run=dry_run)
                kept, size_bytes = kept + len(new), size_bytes + sum(task.size_bytes or 0 for task in new)
                done += len(chunk)
                if progress is not None:
                    progress(done)
        activity = _add_activity(archive, db, dry_run=dry_run)
    return Imported(kept, size_bytes, done - kept, activity)


def _rows_of(archive: ArchiveReader, part: list[bytes]) -> Iterator[tuple[Task, bytes, object]]:
    """Yield each task with its value, or the name of the member that holds it."""
    if len(part) % 2:
        raise DamagedEntryError("a part of rows lacks a value; export it anew")
    for data, value in zip(part[::2], part[1::2], strict=True):
        row = unpack_row(data)
        member = row.get("member")
        # What the row says of its size is not believed: a lie would make `max_size` delete everything else.
        size_bytes = len(value) if member is None else archive.claim(member)
        yield task_from(row)._replace(size_bytes=size_bytes), value, member


def _put(
    archive: ArchiveReader,
    rows: list[tuple[Task, bytes, object]],
    merger: SupportsMerge,
    storage: BlobStorage | None,
    *,
    dry_run: bool,
) -> list[Task]:
    there = merger.updated_at([task.cache_key for task, _, _ in rows])
    wanted = {
        row[0].cache_key: row
        for row in rows
        if row[0].cache_key not in there or there[row[0].cache_key] < row[0].updated_at
    }
    if dry_run:
        return [task for task, _, _ in wanted.values()]
    tasks: list[Task] = []
    kept: set[str] = set()
    try:
        for task, value, member in wanted.values():
            data = value if member is None else archive.member(member)
            tasks.append(_with_value(task, data, storage))
        kept = set(merger.put_newer(tasks))
    finally:
        # Blobs go first; those that no row came to name, be it for an interrupt, are taken back.
        for task in tasks:
            if task.cache_key not in kept and task.result_value and storage is not None:
                storage.delete(task.result_value)
    return [task for task in tasks if task.cache_key in kept]


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
