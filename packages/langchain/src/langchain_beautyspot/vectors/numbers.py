"""Vectors as bytes: IEEE 754 binary32, little-endian, one number after the other."""

import sys
from array import array
from collections.abc import Sequence
from math import isfinite

Vector = list[float]
NUMBER_BYTES = 4


def packed(vector: Sequence[float], /) -> bytes | None:
    """Return the bytes of `vector`, or None if it is empty, none, or holds what is no number of 32 bits."""
    try:
        numbers = array("f", vector)
    except (OverflowError, TypeError, ValueError):  # whatever a server may have put among its numbers
        return None
    # A sum is finite if all of them are, at a quarter of the time of looking at each.
    return _swapped(numbers).tobytes() if numbers and isfinite(sum(numbers)) else None


def unpacked(data: object, /) -> Vector | None:
    """Return the vector that `data` holds, or None if it can't be one."""
    if not isinstance(data, bytes) or not data or len(data) % NUMBER_BYTES:
        return None
    numbers = array("f")
    numbers.frombytes(data)
    return _swapped(numbers).tolist()


def _swapped(numbers: "array[float]") -> "array[float]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
