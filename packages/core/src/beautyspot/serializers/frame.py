"""The layout of a value with big buffers beside it.

    byte 0        0xC1, which msgpack never uses
    bytes 1-4     length of the header, big endian
    header        msgpack: [length of the body, length of buffer 0, length of buffer 1, …]
    body          msgpack: the value; where a buffer belongs, its number
    buffers       one after the other

A single `bytes` result below 4 GiB needs no frame: it is a msgpack bin 32 in two parts.
"""

from typing import Any, BinaryIO

from msgpack import packb, unpackb

from beautyspot.protocols import Buffer

MAGIC = b"\xc1"
HEADER_START = 5


class Source:
    """The buffers of one value that is being read; each is taken once, so damage can't multiply them."""

    def __init__(self, lengths: list[int], start: int) -> None:
        """Know buffers of `lengths` bytes from the position `start` on."""
        self.places = {number: (sum(lengths[:number]) + start, length) for number, length in enumerate(lengths)}

    def take(self, number: int, *, writable: bool) -> bytes | bytearray:
        """Return buffer `number`, as a bytearray where `writable`."""
        return self.read(*self.places.pop(number), writable=writable)

    def read(self, start: int, length: int, *, writable: bool) -> bytes | bytearray:
        """Return `length` bytes from `start`."""
        raise NotImplementedError


class MemorySource(Source):
    """Buffers that lie in memory."""

    def __init__(self, data: memoryview, lengths: list[int], start: int) -> None:
        """Read from `data`."""
        super().__init__(lengths, start)
        self.data = data

    def read(self, start: int, length: int, *, writable: bool) -> bytes | bytearray:
        """Copy them."""
        part = self.data[start : start + length]
        return bytearray(part) if writable else bytes(part)


class StreamSource(Source):
    """Buffers that lie in a stream; each is read into its own place."""

    def __init__(self, stream: BinaryIO, lengths: list[int], start: int) -> None:
        """Read from `stream`."""
        super().__init__(lengths, start)
        self.stream = stream

    def read(self, start: int, length: int, *, writable: bool) -> bytes | bytearray:
        """Read them, without a second copy."""
        self.stream.seek(start)
        if not writable:
            return read_exactly(self.stream, length)
        stream: Any = self.stream
        buffer = bytearray(length)
        filled, view = 0, memoryview(buffer)
        while filled < length:
            # BinaryIO doesn't promise readinto; every stream of the house and of io has it.
            count = int(stream.readinto(view[filled:]))
            if not count:
                raise EOFError(f"the stream ends {length - filled} bytes early")
            filled += count
        return buffer


def frame_parts(body: bytes, buffers: list[Buffer]) -> list[Buffer]:
    """Return the frame around `body` and `buffers`."""
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    header: bytes = packb([len(body), *(view.nbytes for view in views)])
    return [MAGIC + len(header).to_bytes(4, "big") + header + body, *views]


def read_header(header: bytes, start: int, total: int) -> tuple[int, list[int]]:
    """Return the lengths of the body, which begins at `start`, and of the buffers after it.

    Raises:
        ValueError: they don't add up to the `total` bytes there are, which is checked before any is allocated.
    """
    lengths: Any = unpackb(header)
    if not isinstance(lengths, list) or any(type(length) is not int or length < 0 for length in lengths):  # type: ignore[reportUnknownVariableType]
        raise ValueError("the frame's header holds no lengths")
    body, *buffers = [int(length) for length in lengths]  # type: ignore[reportUnknownVariableType]
    if start + body + sum(buffers) != total:
        raise ValueError(f"{total} bytes, but the frame's header speaks of {start + body + sum(buffers)}")
    return body, buffers


def read_exactly(stream: BinaryIO, length: int) -> bytes:
    """Return the next `length` bytes, which the caller knows to be there.

    Raises:
        EOFError: they are not.
    """
    data = stream.read(length)
    if len(data) == length:
        return data
    parts = [data]  # a raw stream may give less than it was asked for
    missing = length - len(data)
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    if missing:
        raise EOFError(f"the stream ends {missing} bytes early")
    return b"".join(parts)
