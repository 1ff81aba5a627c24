"""The content of a value that is bytes or text, read from any position without what lies before it."""

import io
from typing import Any, BinaryIO

from beautyspot.errors import DamagedEntryError

# Source: the msgpack specification, "bin format family" and "str format family": how many bytes tell the length.
BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
TEXT = {0xD9: 1, 0xDA: 2, 0xDB: 4}
SHORT_TEXT = range(0xA0, 0xC0)
"""First bytes of a text of up to 31 bytes: its length is in them."""
MOST_BEFORE = 5
"""Bytes before the content at most."""


class Content(io.RawIOBase):
    """What a stream holds from `start` on. Closing it closes the stream."""

    def __init__(self, stream: BinaryIO, start: int, size_bytes: int, *, is_text: bool) -> None:
        """Begin at the content's first byte; text lies as UTF-8."""
        self.size_bytes, self.is_text = size_bytes, is_text
        self._stream, self._start = stream, start
        self._stream.seek(start)

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and return the new position."""
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.size_bytes}[whence]
        if target < 0:
            raise ValueError(f"negative seek position {target!r}; the content begins at 0")
        return self._stream.seek(self._start + target) - self._start

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell() - self._start

    def read(self, size: int = -1, /) -> bytes:
        """Return the next `size` bytes, or all that are left."""
        left = max(self.size_bytes - self.tell(), 0)
        return self._stream.read(left if size < 0 else min(size, left))

    def readall(self) -> bytes:
        """Return all that is left."""
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` as far as there is something, and return how far that was."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream, too."""
        self._stream.close()
        super().close()


def content_of(stream: BinaryIO, /) -> Content | None:
    """Return the content of the serialized value that `stream` holds, or None where that is neither bytes nor text.

    Raises:
        DamagedEntryError: there are fewer or more bytes than its length tells.
    """
    head = stream.read(MOST_BEFORE)
    if not head:
        raise DamagedEntryError("the value has no bytes at all; run its call again")
    width = (BYTES | TEXT).get(head[0])
    if width is None and head[0] not in SHORT_TEXT:
        return None
    start = 1 + (width or 0)
    size_bytes = head[0] - SHORT_TEXT.start if width is None else int.from_bytes(head[1:start], "big")
    kept_bytes = stream.seek(0, io.SEEK_END)
    if kept_bytes != start + size_bytes:
        raise DamagedEntryError(
            f"the value should be {start + size_bytes} bytes, but {kept_bytes} are kept; run its call again"
        )
    return Content(stream, start, size_bytes, is_text=head[0] not in BYTES)
