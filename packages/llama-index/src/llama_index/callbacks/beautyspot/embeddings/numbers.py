"""Vectors as they are kept: exactly, in four bytes a number where that is enough, as with what most APIs send."""

import math
import sys
from array import array
from collections.abc import Mapping
from typing import Any

from beautyspot.errors import DamagedEntryError
from beautyspot.protocols import Buffer, Serializer
from beautyspot.serializers import MsgpackSerializer

Vector = Any
"""`list[float]`, or `dict[int, float]` of a sparse model."""
_HEADERS = {0xC4: 2, 0xC5: 3, 0xC6: 5}
"""How many bytes stand before the content of msgpack's three kinds of bytes (specification, "bin format family")."""
SINGLE, DOUBLE = b"f", b"d"
_CODES = {SINGLE[0]: "f", DOUBLE[0]: "d"}
"""IEEE 754 binary32 and binary64, little-endian, one number after the other: the first byte of what is kept."""


def packed(vector: Vector, /) -> Any:
    """Return what is kept of `vector`, or None if it is empty or holds what is no finite number."""
    try:
        if isinstance(vector, Mapping):
            return _sparse(vector)  # pyright: ignore[reportUnknownArgumentType] - a model's own
        numbers: list[Any] = vector.tolist() if hasattr(vector, "tolist") else list(vector)
        return _dense(numbers) if numbers and all(map(math.isfinite, numbers)) else None
    except (TypeError, ValueError, OverflowError):  # whatever a model may call a vector
        return None


def _sparse(vector: Mapping[Any, Any]) -> dict[int, float] | None:
    pairs = {int(place): float(number) for place, number in vector.items()}
    return pairs if all(map(math.isfinite, pairs.values())) else None


def _dense(numbers: list[Any]) -> Any:
    if set(map(type, numbers)) != {float}:
        return [number.item() if hasattr(number, "item") else number for number in numbers]
    try:
        single = array("f", numbers)
    except OverflowError:
        return DOUBLE + _bytes(array("d", numbers))
    return SINGLE + _bytes(single) if single.tolist() == numbers else DOUBLE + _bytes(array("d", numbers))


class VectorSerializer:
    """Reads vectors where they lie in what the Spot's own serializer wrote, which reads and writes all else."""

    def __init__(self, inner: Serializer) -> None:
        """Stand before `inner`."""
        self._inner = inner
        self._is_msgpack = isinstance(inner, MsgpackSerializer)

    def dumps(self, value: Any, /) -> bytes:
        """Return what `packed` gave as bytes."""
        return self._inner.dumps(value)

    def loads(self, data: Buffer, /) -> Vector:
        """Return the vector that was packed.

        Raises:
            DamagedEntryError: `data` holds none.
        """
        header = _HEADERS.get(data[0]) if data and self._is_msgpack else None
        if header is not None:
            return _vector(data, header)
        return numbers_of(self._inner.loads(data))


def numbers_of(value: Any, /) -> Vector:
    """Return the vector that `packed` made `value` of.

    Raises:
        DamagedEntryError: it made it of none.
    """
    if isinstance(value, bytes):
        return _vector(value, 0)
    if isinstance(value, dict) or (isinstance(value, list) and value):
        return value  # pyright: ignore[reportUnknownVariableType] - as it was kept
    raise DamagedEntryError(f"{value!r} is kept where a vector should be; ask the model again")


def _vector(data: Buffer, start: int) -> list[float]:
    try:
        numbers: array[float] = array(_CODES[data[start]])
        numbers.frombytes(memoryview(data)[start + 1 :])
    except (LookupError, ValueError):
        numbers = array("f")
    if not numbers:
        raise DamagedEntryError(f"{len(data)} bytes are kept where numbers should be; ask the model again")
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def size_of(vector: Vector, /) -> int | None:
    """Return how many dimensions a vector has; None for a sparse one, which has no number of its own."""
    if type(vector) is list:  # as most are, told in a tenth of the time
        return len(vector)  # pyright: ignore[reportUnknownArgumentType] - of numbers
    return None if isinstance(vector, Mapping) else len(vector)


def _bytes(numbers: "array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
