"""Forms of numpy arrays, scalars and dtypes, and of PIL images; seen only once their library is loaded."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
import sys
from hashlib import file_digest, sha256
from typing import Any

from beautyspot.keys.attributes import attributes, contents, slots_of
from beautyspot.keys.canonical import Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.names import qualified_name

_ARRAY, _OBJECTS, _MASKED, _SCALAR, _DTYPE = map(tag, ("ndarray", "object array", "masked array", "scalar", "dtype"))
_IMAGE, _RATIONAL, _FUNCTION = tag("image"), tag("rational"), tag("numpy function")
_X87_BITS, _X87_BYTES = 63, 10
"""What tells the x87's long double from others: bits of its fraction, and bytes before the padding."""


def maker_for(kind: type, /) -> Maker | None:
    """Return the maker for a class of numpy or PIL, None for those without content (generators, files)."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        for base, make in ((numpy.ndarray, array_form), (numpy.generic, _scalar), (numpy.dtype, _dtype)):
            if issubclass(kind, base):
                return make
        if issubclass(kind, (numpy.ufunc, type(numpy.mean))):
            return _function
    for module, name, make in (("PIL.Image", "Image", _image), ("PIL.TiffImagePlugin", "IFDRational", _rational)):
        base: Any = getattr(sys.modules.get(module), name, None)
        if isinstance(base, type) and issubclass(kind, base):
            return make
    return None


def array_form(canonical: Canonical, value: Any) -> Form:
    """Return dtype, shape and content; memory order, strides and read-only flags are left out."""
    import numpy as np  # loaded already: `value` is its array

    kind = type(value)
    if isinstance(value, np.ma.MaskedArray):
        mask, filled = np.ma.getmaskarray(value), value.filled()
        usual: Any = vars(np.ma.array(0))
        more = {name: item for name, item in vars(value).items() if name not in usual or (name == "_optinfo" and item)}
        head = [_MASKED, qualified_name(kind), array_form(canonical, mask), array_form(canonical, filled)]
        return [*head, canonical.form(more)] if more else head
    added = [] if kind in (np.ndarray, np.memmap) else _added(canonical, value)  # a memory map is its content
    plain = np.asarray(value)
    if plain.dtype.hasobject:
        items = plain.ravel().tolist()
        return [_OBJECTS, dtype_name(plain.dtype), list(plain.shape), forms(canonical, items), *added]
    return [_ARRAY, dtype_name(plain.dtype), list(plain.shape), _content(plain), *added]


def _added(canonical: Canonical, value: Any) -> list[Form]:
    """Return the name of a subclass, and what its values hold beside their content: a unit, say."""
    kind = type(value)
    return [qualified_name(kind), canonical.form(attributes(value, slots_of(kind.__mro__)))]


def _content(plain: Any) -> Form:
    """Return a digest of an array's bytes; of each field's alone, as between them may lie anything."""
    import numpy as np  # as in `array_form`

    if plain.dtype.names is not None:
        return [_content(plain[name]) for name in plain.dtype.names]
    contiguous = np.ascontiguousarray(plain)
    if plain.dtype.char not in "gG" or np.finfo(plain.dtype).nmant != _X87_BITS:
        return digest(contiguous)
    native = contiguous.astype(plain.dtype.newbyteorder("="), copy=False)
    values = native.reshape(-1).view("u1").reshape(-1, np.dtype("g").itemsize)
    return digest(np.ascontiguousarray(values[:, :_X87_BYTES]))


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
    added = [] if type(value) is value.dtype.type else _added(canonical, value)
    if value.dtype.hasobject:
        return [_SCALAR, dtype_name(value.dtype), forms(canonical, value.item()), *added]
    is_padded = value.dtype.names is not None or value.dtype.char in "gG"
    return [_SCALAR, dtype_name(value.dtype), _content(value) if is_padded else value.tobytes(), *added]


def _dtype(_: Canonical, value: Any) -> Form:
    return [_DTYPE, dtype_name(value)]


def _function(_: Canonical, value: Any) -> Form:
    # By name where it is found by that: what `frompyfunc` makes has the name of anything.
    for module in (getattr(value, "__module__", None), "numpy", "scipy.special"):
        if getattr(sys.modules.get(str(module)), value.__name__, None) is value:
            return [_FUNCTION, f"{module}.{value.__name__}"]
    raise NoContentError(type(value))


def _image(canonical: Canonical, value: Any) -> Form:
    # The palette is content too: the pixels of a P image are indexes into it. `tobytes` loads, which may add to `info`.
    pixels, palette = sha256(value.tobytes()).digest(), value.getpalette()
    form = [_IMAGE, value.mode, list(value.size), canonical.form(palette), pixels]
    said, exif = contents(canonical, value.info), contents(canonical, _exif(value))
    frames = _frames(value)
    return [*form, said, exif, *frames] if said or exif or frames else form


def _exif(image: Any) -> dict[int, Any]:
    try:
        return dict(image.getexif())
    except Exception:  # noqa: BLE001 - a broken one raises anything; its bytes are in `info`
        return {}


def _frames(image: Any) -> list[Form]:
    """Return which frame an image with several shows, and a digest of the file that holds them all."""
    # GIF's own `is_animated` takes back what was drawn on it; the others' is an attribute.
    if not (image.format == "GIF" or vars(image).get("is_animated")):
        return []
    # Not frame by frame: `seek` takes that back too, and another thread may be reading this image.
    file: Any = getattr(image, "_fp", None)
    if file is None:
        raise NoContentError(type(image), "has frames that can't be read beside the one it shows")
    try:
        before = file.tell()
    except ValueError:
        return []  # closed: nobody can see another frame of it
    try:
        file.seek(0)
        return [image.tell(), file_digest(file, sha256).digest()]
    finally:
        file.seek(before)


def _rational(_: Canonical, value: Any) -> Form:
    return [_RATIONAL, value.numerator, value.denominator]
