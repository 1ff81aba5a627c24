"""Numbers, bytes, names and addresses that msgpack lacks."""

from collections.abc import Callable
from typing import Any, Literal

from beautyspot.content_types import ContentType
from beautyspot.serializers.chunks import Chunk, writable_bytes
from beautyspot.serializers.refusals import Refusal


def encode_nothing(_: Any) -> list[Any]:
    """The mark says it all."""
    return []


def encode_text(value: Any) -> list[Any]:
    """The text that its class reads."""
    return [str(value)]


def encode_value(member: Any) -> list[Any]:
    """An enum's value."""
    return [member.value]


def decode_content_type(parts: list[Any], _: Any) -> ContentType:
    """See `encode_value`."""
    return ContentType(parts[0])


def decode_text(module: Literal["ipaddress", "pathlib"], name: str) -> Callable[[list[Any], Any], Any]:
    """Return a decoder of text for a class of a module that a hit doesn't load."""

    def decode(parts: list[Any], _: Any) -> Any:
        import ipaddress  # with pathlib 5 ms, so only where such a value is read
        import pathlib

        (text,) = parts
        if type(text) is not str:  # a number is an address to ipaddress
            raise TypeError(f"not text: {text!r}")
        return getattr(ipaddress if module == "ipaddress" else pathlib, name)(text)

    return decode


def decode_ellipsis(_: list[Any], __: Any) -> Any:
    """The only one there is."""
    return ...


def encode_int(number: int) -> list[Any]:
    """Two's complement, little end first; msgpack itself keeps 64 bits."""
    return [number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)]


def decode_int(parts: list[Any], _: Any) -> int:
    """See `encode_int`."""
    return int.from_bytes(parts[0], "little", signed=True)


def encode_complex(number: complex) -> list[Any]:
    """Its two floats."""
    return [number.real, number.imag]


def decode_complex(parts: list[Any], _: Any) -> complex:
    """See `encode_complex`."""
    real, imag = parts
    return complex(real, imag)


def encode_slice(value: Any) -> list[Any]:
    """Start, stop and step, of a slice or a range."""
    return [value.start, value.stop, value.step]


def decode_slice(parts: list[Any], _: Any) -> slice:
    """See `encode_slice`."""
    start, stop, step = parts
    return slice(start, stop, step)


def decode_range(parts: list[Any], _: Any) -> range:
    """See `encode_slice`."""
    start, stop, step = parts
    return range(start, stop, step)


def encode_bytearray(value: bytearray) -> list[Any]:
    """Its bytes."""
    return [Chunk(value, writable=True)]


def decode_bytearray(parts: list[Any], _: Any) -> bytearray:
    """See `encode_bytearray`."""
    return writable_bytes(parts[0])


def encode_memoryview(view: memoryview) -> list[Any]:
    """Format, shape, whether it is read only, and the bytes."""
    try:
        memoryview(bytes(view.itemsize)).cast(view.format)  # type: ignore[call-overload] - any format, checked here
    except ValueError:
        reason = f"its format is {view.format!r}; expected one that memoryview.cast takes; return bytes(…) or the array"
        raise Refusal(view, reason) from None
    flat = view.cast("B") if view.c_contiguous and view.nbytes else view.tobytes()
    return [view.format, list(view.shape or ()), view.readonly, Chunk(flat, writable=not view.readonly)]


def decode_memoryview(parts: list[Any], _: Any) -> memoryview:
    """See `encode_memoryview`."""
    format_, shape, readonly, data = parts
    view: Any = memoryview(data if readonly else writable_bytes(data))
    return view.cast(format_) if len(shape) == 1 or not view.nbytes else view.cast(format_, shape)


def encode_fraction(value: Any) -> list[Any]:
    """Numerator and denominator."""
    return [value.numerator, value.denominator]


def decode_fraction(parts: list[Any], _: Any) -> Any:
    """See `encode_fraction`."""
    from fractions import Fraction  # 4 ms, with decimal

    numerator, denominator = parts
    return Fraction(numerator, denominator)


def decode_decimal(parts: list[Any], _: Any) -> Any:
    """See `encode_text`."""
    from decimal import Decimal  # 1 ms

    (text,) = parts
    if type(text) is not str:  # Decimal takes floats and tuples as well
        raise TypeError(f"not text: {text!r}")
    return Decimal(text)


def encode_uuid(value: Any) -> list[Any]:
    """Its 16 bytes."""
    return [value.bytes]


def decode_uuid(parts: list[Any], _: Any) -> Any:
    """See `encode_uuid`."""
    from uuid import UUID  # 2 ms, with platform

    return UUID(bytes=parts[0])
