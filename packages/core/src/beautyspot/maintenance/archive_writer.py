"""Writes the members of an archive."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from zipfile import ZipFile
from zlib import crc32

from beautyspot.maintenance.archive import FORMAT, MANIFEST, PART_BYTES, VERSION, framed


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

    def end(self, **figures: int) -> None:
        """Write the manifest, with `figures` of the whole; an archive without it is not whole."""
        head = {"format": FORMAT, "version": VERSION, "created_at": datetime.now(UTC).isoformat()}
        self._file.writestr(MANIFEST, json.dumps({**head, **figures, "sha256": self._hashes}, indent=1))
