"""Vectors as they are kept: exactly, in four bytes a number where that is enough, as with what most APIs send."""

import math
import sys
from array import array
from collections.abc import Mapping
from typing import Any, cast

Vector = Any
"""`list[float]`, or `dict[int, float]` of a sparse model."""
SINGLE, DOUBLE = b"f", b"d"
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


def unpacked(data: Any, /) -> Vector | None:
    """Return the vector that is kept as `data`, or None if it can't be one."""
    if not isinstance(data, bytes):
        return cast("Vector", data) if isinstance(data, dict) or (isinstance(data, list) and data) else None
    code, view = data[:1], memoryview(data)[1:]
    if code not in (SINGLE, DOUBLE) or not view or len(view) % (4 if code == SINGLE else 8):
        return None
    numbers: array[float] = array("f" if code == SINGLE else "d")
    numbers.frombytes(view)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def size_of(vector: Vector, /) -> int | None:
    """Return how many dimensions a vector has; None for a sparse one, which has no number of its own."""
    return None if isinstance(vector, Mapping) else len(vector)


def _bytes(numbers: "array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
