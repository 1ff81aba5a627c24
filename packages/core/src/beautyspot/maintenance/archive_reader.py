"""Reads the members of an archive. What lies in it is anybody's, and is believed in nothing."""

import json
import stat
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from beautyspot.errors import ConfigurationError, DamagedEntryError
from beautyspot.maintenance.archive import FORMAT, MANIFEST, MAX_PART_BYTES, MEMBER, VERSION, pieces_of

ODD = (BadZipFile, NotImplementedError, EOFError, ValueError, OSError, struct.error)
"""What `zipfile` raises for a file that is none, or whose numbers lead anywhere."""
MAX_MANIFEST_BYTES = 256 * 2**20


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
