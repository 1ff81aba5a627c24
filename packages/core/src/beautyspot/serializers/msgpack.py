"""The serializer that every Spot uses unless it is given another: msgpack, and the types it lacks as extensions.

Everything that a plain value (None, bool, int, float, str, bytes, list, dict) doesn't need is imported
when the first other value is met, because a fresh process should answer its first hit at once.
"""

from __future__ import annotations

from msgpack import unpackb

from beautyspot.errors import DamagedEntryError
from beautyspot.serializers.chunks import SMALL_BYTES, may_be_loose
from beautyspot.serializers.known import Known, Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, BinaryIO, Self

    from beautyspot.protocols import Buffer
    from beautyspot.serializers.encoder import Encoder

TAG = 0x7F
"""The extension code of the house's own types; a byte that text never holds."""


class MsgpackSerializer:
    """Keeps plain values as they are, and the types of `codecs.CODECS` and of `register` as msgpack extensions.

    Safe to use from any thread. Reading never imports, evaluates or instantiates what the data names: a class
    comes back only if it was registered, or if the function's return annotation names it.

    >>> serializer = MsgpackSerializer()
    >>> serializer.loads(serializer.dumps({"a": (1, 2), "b": {3}}))
    {'a': (1, 2), 'b': {3}}
    """

    __slots__ = ("_encoders", "_known")

    def __init__(self) -> None:
        """Know the house's own types."""
        self._known = Known(Registry(), None)
        self._encoders: list[Encoder] = []

    def dumps(self, value: Any, /) -> bytes:
        """Return `value` as bytes.

        Raises:
            SerializationError: it can't be kept; the message names the part and says how it could.
        """
        encoder = self._take_encoder()
        try:
            data = encoder.pack(value)
            if may_be_loose(data):
                parts = encoder.finish(value, data)
            else:  # plain, as most values are
                encoder.reusable = len(data) < SMALL_BYTES
                parts = None
        # The value's own methods and the user's encoders run here, and may raise anything.
        except Exception as error:  # noqa: BLE001 - rescue raises
            parts = encoder.rescue(value, error)
        if encoder.reusable:
            self._encoders.append(encoder)
        return data if parts is None else b"".join(parts)  # type: ignore[reportPossiblyUnboundVariable] - see above

    def loads(self, data: Buffer, /) -> Any:
        """Return the value, of the type it had.

        Raises:
            DamagedEntryError: `data` is damaged, or names a type that is not known here.
        """
        try:
            # A memoryview would be searched byte by byte, at 20 ns each.
            if type(data) is bytes and TAG not in data:
                return unpackb(
                    data, ext_hook=self._read_extension, raw=False, strict_map_key=False, unicode_errors="surrogatepass"
                )
        # Bytes can be wrong in any way, and codecs and decoders meet them with any error.
        except Exception as error:
            raise _damaged(error) from error
        return self._loads_tagged(data)

    def register(
        self,
        type_: type,
        code: int | None = None,
        encoder: Callable[[Any], Any] | None = None,
        decoder: Callable[[Any], Any] | None = None,
        former_names: Sequence[str] = (),
        /,
    ) -> None:
        """Keep instances of `type_` from now on.

        Args:
            type_: The exact class; a subclass is another type.
            code: 0 to 126, the type's own for as long as its values are kept; None keeps a dataclass, enum,
                named tuple, pydantic model or attrs class field by field, under its name.
            encoder: Returns bytes, or anything else that can be kept, from an instance.
            decoder: Returns the instance from what the encoder gave.
            former_names: Of a class that is kept field by field: under which it was kept before, `module.qualname`.

        Raises:
            ConfigurationError: the code or the type is taken, the class can't be kept field by field, or a class with
                a code has former names.
        """
        self._known.registry.register(type_, code, encoder, decoder, former_names)

    def for_function(self, function: Any, /) -> Self:
        """Return a view that also knows the classes which `function`'s return annotation names.

        The annotation is read when the first such value is met, so forward references work.
        Types registered later, here or there, are known to both.
        """
        view = object.__new__(type(self))  # a subclass may take arguments
        if hasattr(self, "__dict__"):
            view.__dict__.update(self.__dict__)
        view._encoders = []
        view._known = Known(self._known.registry, function)
        return view

    def dump_parts(self, value: Any, /) -> Sequence[Buffer]:
        """Return `dumps(value)` in parts, so that a big buffer is not copied into one with the rest."""
        encoder = self._take_encoder()
        parts = encoder.parts(value)
        if encoder.reusable:
            self._encoders.append(encoder)
        return parts

    def load_stream(self, stream: BinaryIO, /) -> Any:
        """Return `loads` of what `stream` holds from here to its end, reading each big buffer into its own place."""
        from beautyspot.serializers.decoder import load_stream  # as in `dump_parts`

        try:
            return load_stream(self, self._known, stream)
        except (DamagedEntryError, OSError):
            raise  # a storage that fails has not lost the value
        except Exception as error:  # as in `loads`
            raise _damaged(error) from error

    def loads_legacy(self, data: Buffer, /) -> Any:
        """Return a value that a release before 3.0 wrote.

        Raises:
            DamagedEntryError: `data` can't be read, or its type is not registered under its code.
        """
        from beautyspot.serializers.legacy import loads_legacy  # only for files of earlier releases

        return loads_legacy(data, {code: user.decoder for code, user in self._known.registry.by_code.items()})

    def describe(self, data: Buffer, /) -> Any:
        """Return the value for somebody to look at: what is of an unknown class comes as a dict of its fields.

        Raises:
            DamagedEntryError: `data` is damaged.
        """
        return self._loads_tagged(data, lenient=True)

    def _take_encoder(self) -> Encoder:
        try:
            return self._encoders.pop()  # one per running call: a packer can't be entered twice
        except IndexError:
            from beautyspot.serializers.encoder import Encoder  # not needed for a hit

            return Encoder(self._known)

    def _read_extension(self, code: int, payload: bytes) -> Any:
        from beautyspot.serializers.decoder import Decoder  # a plain value needs none

        return Decoder(self._known).read_extension(code, payload)

    def _loads_tagged(self, data: Buffer, *, lenient: bool = False) -> Any:
        from beautyspot.serializers.decoder import loads_tagged  # as above

        try:
            return loads_tagged(self._known, data, lenient=lenient)
        except Exception as error:  # as in `loads`
            raise _damaged(error) from error


def _damaged(error: Exception) -> DamagedEntryError:
    if isinstance(error, DamagedEntryError):
        return error
    reason = f"{type(error).__name__}: {error}"[:300]
    return DamagedEntryError(
        f"kept bytes can't be read ({reason}); expected what dumps wrote; "
        "compute the result again, and look for more like it with `beautyspot verify`"
    )
