"""What was compressed, read as far as it is asked for: a long value is never in memory whole."""

import io
from typing import Any, BinaryIO, cast

from beautyspot.compression import MOST_DIGITS, decompress, unpacked_bytes
from beautyspot.errors import DamagedEntryError
from beautyspot.storage.streams import seek_target

WHOLE_BYTES = 16 * 1024 * 1024
"""Up to here a value is decompressed whole: who reads to and fro, as a PDF is read, would begin anew each time."""
HEAD_BYTES = 18
"""Source: RFC 8878, section 3.1.1: a magic number and the longest frame header."""
PACKED_BYTES = 1024 * 1024
"""Read at once, which may be a request to a server."""


def is_long(compression: str | None, /) -> bool:
    """Say whether a value whose row says `compression` is too long to be decompressed whole."""
    size = (compression or "").partition(" ")[2]
    return len(size) > MOST_DIGITS or (size.isdecimal() and int(size) > WHOLE_BYTES)


def opened(packed: BinaryIO, compression: str, /) -> BinaryIO:
    """Return a stream of what `packed` was made of; closing it closes `packed`.

    Raises:
        DamagedEntryError: it is not what the row says in `compression`.
        ConfigurationError: the library is not installed.
    """
    try:
        size_bytes = unpacked_bytes(compression, packed.seek(0, io.SEEK_END))
        packed.seek(0)
        if size_bytes is not None and _is_frame_of(packed.read(HEAD_BYTES), size_bytes):
            return cast("BinaryIO", Unpacked(packed, size_bytes))
        packed.seek(0)
        return io.BytesIO(decompress(packed.read(), compression))  # which says what is wrong
    except BaseException:  # re-raised
        packed.close()
        raise


def _is_frame_of(head: bytes, size_bytes: int) -> bool:
    try:
        import zstandard  # 15 ms that only those who compress need
    except ModuleNotFoundError:
        return False
    try:
        said: Any = zstandard.frame_content_size(head)
    except zstandard.ZstdError:
        return False
    return said == size_bytes


class Unpacked(io.RawIOBase):
    """Decompresses forwards, and begins anew to go back."""

    def __init__(self, packed: BinaryIO, size_bytes: int) -> None:
        """Begin before the first of `size_bytes`."""
        self._packed, self._size_bytes, self._position = packed, size_bytes, 0
        self._frame: Any = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and return the new position; nothing is decompressed before it is read."""
        self._position = seek_target(offset, whence, self._position, self._size_bytes)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, or all that are left.

        Raises:
            DamagedEntryError: they are not what was compressed, or there are fewer.
        """
        import zstandard  # as above

        left = max(self._size_bytes - self._position, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        if self._frame is None or self._frame.tell() > self._position:
            self._packed.seek(0)
            decompressor: Any = zstandard.ZstdDecompressor()
            self._frame = decompressor.stream_reader(self._packed, read_size=PACKED_BYTES, closefd=False)
        try:
            self._frame.seek(self._position)
            data: bytes = self._frame.read(wanted)
        except zstandard.ZstdError as error:
            raise DamagedEntryError(f"its bytes are no whole zstd frame ({error}); run its call again") from error
        if len(data) < wanted:
            ends_at = self._position + len(data)
            raise DamagedEntryError(f"its zstd frame ends at byte {ends_at} of {self._size_bytes}; run its call again")
        self._position += len(data)
        return data

    def close(self) -> None:
        """Close the packed stream, too."""
        self._packed.close()
        super().close()
