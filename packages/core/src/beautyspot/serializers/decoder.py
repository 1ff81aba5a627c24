"""Reading: msgpack with the house's marks, and the big buffers beside it."""

from typing import TYPE_CHECKING, Any, BinaryIO

from msgpack import Unpacker, unpackb

from beautyspot.errors import DamagedEntryError
from beautyspot.protocols import Buffer
from beautyspot.serializers import codecs
from beautyspot.serializers.chunks import BIG_BYTES
from beautyspot.serializers.encoder import BIN32, MAX_NESTED
from beautyspot.serializers.frame import (
    HEADER_START,
    MAGIC,
    MemorySource,
    Source,
    StreamSource,
    read_exactly,
    read_header,
)
from beautyspot.serializers.known import Known

if TYPE_CHECKING:
    from beautyspot.serializers.classes import Shape
    from beautyspot.serializers.msgpack import MsgpackSerializer


class Decoder:
    """Reads one value."""

    __slots__ = ("_depth", "_known", "_lenient", "_open_marks", "_source")

    def __init__(self, known: Known, source: Source | None = None, *, lenient: bool = False) -> None:
        """Read the types of `known`, and big buffers from `source`; `lenient` shows what is unknown."""
        self._known = known
        self._source = source
        self._lenient = lenient
        self._depth = 0
        self._open_marks = 0

    def decode(self, data: Buffer) -> Any:
        """Return the value; raises anything where `data` is damaged."""
        value = unpackb(
            data,
            ext_hook=self.read_extension,
            list_hook=self._read_list,
            raw=False,
            strict_map_key=False,
            unicode_errors="surrogatepass",
        )
        return self._whole(value)

    def read_extension(self, code: int, payload: bytes) -> Any:
        """Return the codec that a mark names, or the value of a registered type."""
        if code == codecs.EXTENSION:
            self._open_marks += 1
            (number,) = payload
            return codecs.BY_CODE[number]
        user = self._known.registry.by_code.get(code)
        if user is not None:
            return user.decoder(self._nested(payload))
        if self._lenient:
            return {"code": code, "value": self._nested(payload)}
        raise DamagedEntryError(
            f"type code {code} is not registered; expected the type that was kept under it; "
            f"call spot.register_type(Type, code={code}, encoder=…, decoder=…) first"
        )

    def shape_named(self, name: Any, code: int) -> "Shape | None":
        """Return the class in the table that goes by `name`; None where anything may be shown in its place."""
        shape = self._known.shape_named(name) if isinstance(name, str) else None
        if shape is not None and shape.code == code:
            return shape
        if self._lenient:
            return None
        raise DamagedEntryError(
            f"a {name!r} was kept, a class that is not known here; expected one that the function's return annotation "
            f"names or that is registered; name {name!r} there or call spot.register_type(Class), "
            f"of a class that moved spot.register_type(Class, former_names=[{name!r}])"
        )

    def take(self, number: int, *, writable: bool) -> bytes | bytearray:
        """Return a big buffer."""
        if self._source is None:
            raise ValueError("a buffer is named where there are none")
        return self._source.take(number, writable=writable)

    def _read_list(self, items: list[Any]) -> Any:
        if not items or type(items[-1]) is not codecs.Codec:
            return items
        self._open_marks -= 1
        return items.pop().decode(items, self)

    def _whole(self, value: Any) -> Any:
        # A mark that closes no list is damage, and would hand one of our own records to the caller.
        if self._open_marks:
            raise ValueError("a mark closes no list")
        return value

    def _nested(self, payload: bytes) -> Any:
        if self._depth == MAX_NESTED:
            raise RecursionError("registered types are nested too deep")
        self._depth += 1
        # unpackb holds 40 to 80 kB on the C stack, and ten levels of it end a macOS thread; an Unpacker is on the heap.
        unpacker = Unpacker(
            ext_hook=self.read_extension,
            list_hook=self._read_list,
            raw=False,
            strict_map_key=False,
            unicode_errors="surrogatepass",
            max_buffer_size=len(payload),
        )
        unpacker.feed(payload)
        value = unpacker.unpack()
        self._depth -= 1
        if unpacker.tell() != len(payload):
            raise ValueError("bytes are left after a registered type's value")
        return value


def loads_tagged(known: Known, data: Buffer, *, lenient: bool = False) -> Any:
    """Return the value that `data` holds, with its marks and, in a frame, its buffers."""
    view = memoryview(data).cast("B")
    if bytes(view[:1]) != MAGIC:
        return Decoder(known, lenient=lenient).decode(view)
    start = HEADER_START + int.from_bytes(view[1:HEADER_START], "big")
    body, lengths = read_header(bytes(view[HEADER_START:start]), start, len(view))
    source = MemorySource(view, lengths, start + body)
    return Decoder(known, source, lenient=lenient).decode(view[start : start + body])


def load_stream(serializer: "MsgpackSerializer", known: Known, stream: BinaryIO) -> Any:
    """Return the value that `stream` holds from here to its end."""
    begin = stream.tell()
    total = stream.seek(0, 2) - begin
    stream.seek(begin)
    head = stream.read(HEADER_START)
    length = int.from_bytes(head[1:], "big")
    if head[:1] == BIN32 and length >= BIG_BYTES and HEADER_START + length == total:
        return read_exactly(stream, length)
    if head[:1] != MAGIC:
        return serializer.loads(head + stream.read())
    start = HEADER_START + length
    if start > total:
        raise ValueError(f"{total} bytes can't hold a header of {length}")
    body, lengths = read_header(read_exactly(stream, length), start, total)
    data = read_exactly(stream, body)
    return Decoder(known, StreamSource(stream, lengths, begin + start + body)).decode(data)
