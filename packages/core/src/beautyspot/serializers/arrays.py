"""numpy arrays and scalars.

An array is its dtype in the words of the npy format, its shape, its order and its bytes; one of objects, its elements.
"""

import sys
from math import prod
from typing import Any

from beautyspot.serializers.chunks import Chunk, writable_bytes
from beautyspot.serializers.libraries import library
from beautyspot.serializers.refusals import Refusal

OBJECT = "O"


def encode_array(array: Any) -> list[Any]:
    """Dtype, shape, order and bytes or elements."""
    shape = list(array.shape)
    if array.dtype == OBJECT:
        return [OBJECT, shape, "C", array.reshape(-1).tolist()]
    words = _words_of(array.dtype, array)
    # The transpose of a column-major array is its memory as it lies, so it isn't copied, and keeps its order.
    by_column = array.flags.f_contiguous and not array.flags.c_contiguous
    return [words, shape, "F" if by_column else "C", Chunk(_memory(array.T if by_column else array), writable=True)]


def decode_array(parts: list[Any], _: Any) -> Any:
    """See `encode_array`; the result can be written to."""
    words, shape, order, data = parts
    if words == OBJECT:
        return _decode_objects(shape, data)
    numpy = library("numpy")
    dtype = _dtype(words)
    if not data:
        if not dtype.itemsize or prod(shape) * dtype.itemsize or any(length < 0 for length in shape):
            raise ValueError("an array without its bytes")
        return numpy.empty(shape, dtype, order)
    array = _read(data, dtype)
    return array.reshape(shape[::-1]).T if order == "F" else array.reshape(shape)


def encode_scalar(scalar: Any) -> list[Any]:
    """Dtype and bytes."""
    numpy = library("numpy")
    dtype = scalar.dtype
    words = _words_of(dtype, scalar) if dtype.itemsize else dtype.char
    if isinstance(words, str) and numpy.dtype(words).type is not type(scalar):
        words = dtype.char  # longlong and int64 share their words, not their class
        if numpy.dtype(words).type is not type(scalar):
            raise Refusal(
                scalar, "its dtype makes scalars of another class; expected one of numpy's own; return .item()"
            )
    return [words, scalar.tobytes() if dtype.itemsize else b""]  # an empty text gives four zeros


def decode_scalar(parts: list[Any], _: Any) -> Any:
    """See `encode_scalar`."""
    words, data = parts
    dtype = _dtype(words)
    if not data:
        return dtype.type(b"") if dtype.char in "SV" else dtype.type()
    (scalar,) = _read(data, dtype)
    return scalar


def _read(data: Any, dtype: Any) -> Any:
    array = library("numpy").frombuffer(writable_bytes(data), dtype)
    _expect_unicode(array)
    return array


def _expect_unicode(array: Any) -> None:
    """Refuse texts with numbers of no character: numpy takes them, and showing them ends in a `SystemError`."""
    numpy = library("numpy")
    if array.dtype.kind == "U" and array.size:
        points = numpy.ascontiguousarray(array).view(numpy.dtype("u4").newbyteorder(array.dtype.byteorder))
        if points.max() > sys.maxunicode:
            raise ValueError("a text with a number that is no character's")
    for name in array.dtype.names or ():
        _expect_unicode(array[name])


def _decode_objects(shape: list[int], elements: list[Any]) -> Any:
    numpy = library("numpy")
    flat = numpy.empty(len(elements), OBJECT)
    for number, element in enumerate(elements):
        flat[number] = element  # all at once, numpy would spread elements that are lists
    return flat.reshape(shape)


def _words_of(dtype: Any, owner: Any) -> Any:
    numpy = library("numpy")
    reason = f"its dtype is {dtype!r}; expected one that an npy file keeps without pickle; use .astype(object)"
    if dtype.hasobject or dtype.metadata or dtype.kind == "T" or not dtype.itemsize:
        raise Refusal(owner, reason)
    words = numpy.lib.format.dtype_to_descr(dtype)
    if numpy.lib.format.descr_to_dtype(words) != dtype:
        raise Refusal(owner, reason)
    return words


def _dtype(words: Any) -> Any:
    numpy = library("numpy")
    dtype = numpy.lib.format.descr_to_dtype(words)
    if dtype.hasobject:
        raise ValueError("a dtype of pointers")
    return dtype


def _memory(array: Any) -> Any:
    if not array.size:
        return b""
    numpy = library("numpy")
    # Through bytes, because the buffer protocol has no letter for datetime64; -1 keeps a 0-d array's element.
    return memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))
