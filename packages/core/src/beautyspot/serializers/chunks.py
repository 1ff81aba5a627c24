"""Big buffers, written beside the packed value instead of inside it, so that they are copied at most once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    from beautyspot.protocols import Buffer
else:
    from beautyspot.tuples import NamedTuple

BIG_BYTES = 1 << 20
"""From here on a buffer lies beside the value: below, a copy costs less than a system call."""


SMALL_BYTES = 1 << 18
"""A packer that held more is dropped: it never gives its memory back."""


class Chunk:
    """A buffer that a codec wants written as it lies."""

    __slots__ = ("buffer", "writable")

    def __init__(self, buffer: Buffer, *, writable: bool = False) -> None:
        """Write `buffer`, contiguous bytes; it comes back as bytes, or where `writable` and big as a bytearray."""
        self.buffer = buffer
        self.writable = writable


class Loose(NamedTuple):
    """A value that msgpack would write as one of another type; wrapped so that its codec is asked."""

    value: Any


def take_chunk(parts: list[Any], decoder: Any) -> bytes | bytearray:
    """Decode a chunk's place: its number, and whether it comes back as a bytearray."""
    number, writable = parts
    return decoder.take(number, writable=writable)


def writable_bytes(data: Any) -> bytearray:
    """Return a chunk's bytes as a bytearray, without a copy if it came as one."""
    if isinstance(data, bytearray):
        return data
    if not isinstance(data, bytes):
        raise TypeError(f"not bytes: {type(data).__name__}")
    return bytearray(data)


def may_be_loose(data: bytes) -> bool:
    """Whether msgpack wrote a bin or an extension, which may stand for a bytearray, memoryview, ExtType or a mark.

    Eleven searches for one byte cost 0.2 µs in 2 kB; looking at every item would cost ten times as much.
    """
    return (
        0xC4 in data or 0xC5 in data or 0xC6 in data or 0xC7 in data or 0xC8 in data or 0xC9 in data
        or 0xD4 in data or 0xD5 in data or 0xD6 in data or 0xD7 in data or 0xD8 in data
    )  # fmt: skip
