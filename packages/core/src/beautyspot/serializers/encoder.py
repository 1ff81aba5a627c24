"""Writing: a value into msgpack, with the big buffers beside it."""

from operator import is_
from typing import Any

from msgpack import ExtType, Packer

from beautyspot.protocols import Buffer
from beautyspot.serializers import classes, codecs
from beautyspot.serializers.chunks import BIG_BYTES, Chunk, Loose
from beautyspot.serializers.frame import frame_parts
from beautyspot.serializers.known import Known
from beautyspot.serializers.refusals import Refusal, explain, type_of

MAX_NESTED = 32
"""Registered types within registered types; each is a message of its own, on the stack of the one around it."""
PACKER_BYTES = 1 << 16
BIN32 = b"\xc6"
ATOMS = frozenset({type(None), bool, int, float, str})
LOOSE = frozenset({bytearray, memoryview, ExtType})


class Encoder:
    """Packs one value at a time."""

    __slots__ = ("buffers", "depth", "known", "pack", "reusable", "surrogates")

    def __init__(self, known: Known, depth: int = 0, *, surrogates: bool = False) -> None:
        """Write the types of `known`, within `depth` registered ones; `surrogates` is slower, for text with them."""
        self.known = known
        self.depth = depth
        self.surrogates = surrogates
        self.reusable = True
        self.buffers: list[Buffer] = []
        """What lies beside the value."""
        errors = "surrogatepass" if surrogates else None
        self.pack = Packer(default=self._default, strict_types=True, unicode_errors=errors, buf_size=PACKER_BYTES).pack

    def encode(self, value: Any) -> bytes:
        """Return `value` packed; `buffers` then holds what lies beside it."""
        placed = len(self.buffers)
        try:
            data = self.pack(value)
            if not may_be_loose(data):
                return data
        except BufferError:  # a memoryview with gaps, which its codec closes
            data = None
        guarded = guard(value)
        if data is not None and guarded is value:
            return data
        del self.buffers[placed:]
        return self.pack(guarded)

    def _default(self, value: Any) -> Any:
        if type(value) is Loose:
            value = value.value
        type_ = type_of(value)
        user = self.known.registry.by_type.get(type_)
        if user is not None:
            return ExtType(user.code, self._nested(user.encoder(value)))
        if type_ is Chunk:
            return self._place(value)
        codec = codecs.codec_of(type_)
        if codec is not None:
            parts, code = codec.encode(value), codec.code
        else:
            shape = self.known.shape_for(type_)
            if shape is None:
                raise Refusal(value)
            parts, code = classes.encode(shape, value), shape.code
        parts[:] = map(guard, parts)
        parts.append(codecs.MARKS[code])
        return parts

    def _place(self, chunk: Chunk) -> Any:
        buffer = chunk.buffer
        size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
        if size < BIG_BYTES:
            return buffer
        self.buffers.append(buffer)
        return [len(self.buffers) - 1, chunk.writable, codecs.MARKS[0]]

    def _nested(self, value: Any) -> bytes:
        if self.depth == MAX_NESTED:
            raise RecursionError("registered types in registered types")
        inner = Encoder(self.known, self.depth + 1, surrogates=self.surrogates)
        inner.buffers = self.buffers
        return inner.encode(value)


def dump_parts(encoder: Encoder, value: Any) -> list[Buffer]:
    """Return the bytes of `value` in parts; an encoder that is not `reusable` afterwards is to be dropped.

    Raises:
        SerializationError: it can't be kept.
    """
    if type(value) is bytes and BIG_BYTES <= len(value) < 1 << 32:
        return [BIN32 + len(value).to_bytes(4, "big"), value]
    try:
        return _parts(encoder, value)
    except UnicodeEncodeError as error:
        encoder.reusable = False
        if encoder.surrogates:
            raise explain(value, error, encoder.known) from error
        return dump_parts(Encoder(encoder.known, surrogates=True), value)
    # The value's own methods and the user's encoders run here, and may raise anything.
    except Exception as error:
        encoder.reusable = False
        raise explain(value, error, encoder.known) from error


def _parts(encoder: Encoder, value: Any) -> list[Buffer]:
    encoder.buffers = []
    body = encoder.encode(value)
    encoder.reusable = len(body) < 4 * PACKER_BYTES  # a packer never gives its memory back
    buffers, encoder.buffers = encoder.buffers, []
    return frame_parts(body, buffers) if buffers else [body]


def may_be_loose(data: bytes) -> bool:
    """Whether msgpack wrote a bin or an extension, which may stand for a bytearray, memoryview or ExtType.

    Eleven searches for one byte cost 0.2 µs in 2 kB; looking at every item would cost ten times as much.
    """
    return (
        0xC4 in data or 0xC5 in data or 0xC6 in data or 0xC7 in data or 0xC8 in data or 0xC9 in data
        or 0xD4 in data or 0xD5 in data or 0xD6 in data or 0xD7 in data or 0xD8 in data
    )  # fmt: skip


def guard(value: Any) -> Any:
    """Return `value` with what msgpack would take for bytes or its own wrapped; the very same if there is none.

    Looks into plain lists and dicts only: everything else comes to `Encoder` by itself.
    """
    type_ = type_of(value)
    if type_ is list:
        # map, not a comprehension: one Python frame per level leaves room for the 511 that msgpack allows.
        guarded = value if ATOMS.issuperset(map(type, value)) else list(map(guard, value))
        return value if all(map(is_, value, guarded)) else guarded
    if type_ is dict:
        parts = [*value, *value.values()]
        if ATOMS.issuperset(map(type, parts)):
            return value
        guarded = list(map(guard, parts))
        if all(map(is_, parts, guarded)):
            return value
        return dict(zip(guarded[: len(value)], guarded[len(value) :], strict=True))
    if type_ is bytes:
        return Chunk(value) if len(value) >= BIG_BYTES else value
    return Loose(value) if type_ in LOOSE else value
