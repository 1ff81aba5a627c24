"""Forms of numpy arrays, scalars and dtypes, and of PIL images; seen only once their library is loaded."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
import sys
from hashlib import sha256
from typing import Any

from beautyspot.keys.canonical import Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.names import qualified_name

_ARRAY, _OBJECTS, _MASKED, _SCALAR, _DTYPE = map(tag, ("ndarray", "object array", "masked array", "scalar", "dtype"))
_IMAGE, _FUNCTION = tag("image"), tag("numpy function")


def maker_for(kind: type, /) -> Maker | None:
    """Return the maker for a class of numpy or PIL, None for those without content (generators, files)."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        for base, make in ((numpy.ndarray, array_form), (numpy.generic, _scalar), (numpy.dtype, _dtype)):
            if issubclass(kind, base):
                return make
        if issubclass(kind, (numpy.ufunc, type(numpy.mean))):
            return _function
    image: Any = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return _image if isinstance(image, type) and issubclass(kind, image) else None


def array_form(canonical: Canonical, value: Any) -> Form:
    """Return dtype, shape and content; memory order, strides and read-only flags are left out."""
    import numpy as np  # loaded already: `value` is its array

    kind = type(value)
    if isinstance(value, np.ma.MaskedArray):
        mask, filled = np.ma.getmaskarray(value), value.filled()
        return [_MASKED, qualified_name(kind), array_form(canonical, mask), array_form(canonical, filled)]
    # A subclass is told by its name and what it adds (a unit, say); a memory map is its content.
    added: Form = [] if kind in (np.ndarray, np.memmap) else [qualified_name(kind), canonical.form(vars(value))]
    plain = np.asarray(value)
    if plain.dtype.hasobject:
        items = plain.ravel().tolist()
        return [_OBJECTS, dtype_name(plain.dtype), list(plain.shape), forms(canonical, items), *added]
    return [_ARRAY, dtype_name(plain.dtype), list(plain.shape), digest(np.ascontiguousarray(plain)), *added]


def digest(contiguous: Any, /) -> bytes:
    """Return the sha256 of an array's bytes without copying them where the buffer protocol allows."""
    try:
        return sha256(contiguous.reshape(-1).view("u1")).digest()
    except (TypeError, ValueError):
        return sha256(contiguous.tobytes()).digest()  # a dtype without bytes of its own, such as "<U0"


def dtype_name(dtype: Any, /) -> str:
    """Return the dtype with its byte order and, where it is structured, its fields."""
    return dtype.str if dtype.names is None and dtype.subdtype is None and dtype.char != "T" else repr(dtype)


def _scalar(canonical: Canonical, value: Any) -> Form:
    if value.dtype.hasobject:
        return [_SCALAR, dtype_name(value.dtype), forms(canonical, value.item())]
    return [_SCALAR, dtype_name(value.dtype), value.tobytes()]


def _dtype(_: Canonical, value: Any) -> Form:
    return [_DTYPE, dtype_name(value)]


def _function(_: Canonical, value: Any) -> Form:
    # By name where it is found by that: what `frompyfunc` makes has the name of anything.
    for module in (getattr(value, "__module__", None), "numpy", "scipy.special"):
        if getattr(sys.modules.get(str(module)), value.__name__, None) is value:
            return [_FUNCTION, f"{module}.{value.__name__}"]
    raise NoContentError(type(value))


def _image(canonical: Canonical, value: Any) -> Form:
    # The palette is content too: the pixels of a P image are indexes into it.
    palette: Any = value.getpalette()
    return [_IMAGE, value.mode, list(value.size), canonical.form(palette), sha256(value.tobytes()).digest()]
