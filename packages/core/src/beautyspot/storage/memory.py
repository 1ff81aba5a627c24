"""Blobs in this process's memory, for tests and throw-away runs."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import BinaryIO, Self

from beautyspot.errors import LostBlobError
from beautyspot.protocols import Buffer
from beautyspot.records import BlobInfo


class MemoryStorage:
    """Keeps blobs until the process ends. A child after a fork goes on with a copy."""

    is_local = True
    """Nothing here waits for a network."""

    def __init__(self) -> None:
        """Start empty."""
        self._blobs: dict[str, tuple[bytes, datetime]] = {}
        self._serial = count()

    def __repr__(self) -> str:
        """Name the class."""
        return "MemoryStorage()"

    @classmethod
    def from_url(cls, _url: str, /, *, durability: str = "normal") -> Self:
        """Return a new, empty storage for `memory://`; no durability keeps it past the process."""
        del durability
        return cls()

    def save(self, key: str, data: Buffer, /) -> str:
        """Keep `data` under a new location and return it."""
        return self.save_parts(key, (data,))

    def save_parts(self, key: str, parts: Sequence[Buffer], /) -> str:
        """Keep the parts one after the other and return their location."""
        location = f"{key}.{next(self._serial)}"
        self._blobs[location] = (b"".join(parts), datetime.now(UTC))
        return location

    def load(self, location: str, /) -> bytes:
        """Return what was kept at `location`.

        Raises:
            LostBlobError: nothing is.
        """
        try:
            return self._blobs[location][0]
        except KeyError:
            raise LostBlobError(
                f"no blob at {location!r} in memory; it went with its process, so compute it again"
            ) from None

    def open(self, location: str, /) -> BinaryIO:
        """Open what was kept at `location` as a readable, seekable stream."""
        return BytesIO(self.load(location))

    def delete(self, location: str, /) -> None:
        """Delete what is kept at `location`, if anything is."""
        self._blobs.pop(location, None)

    def iter_keys(self) -> Iterator[BlobInfo]:
        """Yield every blob in the storage."""
        for location, (data, modified_at) in tuple(self._blobs.items()):
            yield BlobInfo(location, len(data), modified_at)
