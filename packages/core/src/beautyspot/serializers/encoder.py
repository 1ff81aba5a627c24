"""Writing: a value into msgpack, with the big buffers beside it."""

from operator import is_
from typing import Any

from msgpack import ExtType, Packer

from beautyspot.protocols import Buffer
from beautyspot.serializers import classes, codecs
from beautyspot.serializers.chunks import BIG_BYTES, SMALL_BYTES, Chunk, Loose, may_be_loose
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

    def parts(self, value: Any) -> list[Buffer]:
        """Return the bytes of `value` in parts; afterwards, an encoder that is not `reusable` is to be dropped.

        Raises:
            SerializationError: it can't be kept.
        """
        if type(value) is bytes and BIG_BYTES <= len(value) < 1 << 32:
            return [BIN32 + len(value).to_bytes(4, "big"), value]
        try:
            return self.finish(value, self.pack(value))
        # The value's own methods and the user's encoders run here, and may raise anything.
        except Exception as error:  # noqa: BLE001 - rescue raises
            return self.rescue(value, error)

    def finish(self, value: Any, data: bytes) -> list[Buffer]:
        """Return the parts of `value`, which `pack` has made `data` of."""
        if type(value) is not bytes and may_be_loose(data):
            data = self._guarded(value, data)
        self.reusable = len(data) < SMALL_BYTES
        buffers, self.buffers = self.buffers, []
        return frame_parts(data, buffers) if buffers else [data]

    def rescue(self, value: Any, error: Exception) -> list[Buffer]:
        """Return the parts of `value`, which `pack` failed on with `error`, or raise why there are none."""
        self.reusable = False  # nobody says what a packer holds after an error
        if isinstance(error, UnicodeEncodeError) and not self.surrogates:
            return Encoder(self.known, surrogates=True).parts(value)
        # A memoryview with gaps, or more bytes than msgpack has a length for.
        if isinstance(error, BufferError) or type(value) is bytes:
            guarded = guard(value)
            if guarded is not value:
                return Encoder(self.known, surrogates=True).parts(guarded)
        raise explain(value, error, self.known) from error

    def _guarded(self, value: Any, data: bytes, placed: int = 0) -> bytes:
        guarded = guard(value)
        if guarded is value:
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
        placed = len(self.buffers)
        data = inner.pack(value)
        return inner._guarded(value, data, placed) if may_be_loose(data) else data


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
