"""Forms of pandas and polars values, by content; seen only once their library is loaded."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
import sys
from typing import Any

from beautyspot.keys.arrays import array_form
from beautyspot.keys.attributes import contents
from beautyspot.keys.canonical import Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.keys.standard import zone_form
from beautyspot.names import qualified_name

_FRAME, _SERIES, _INDEX, _RANGE, _COLUMN = map(tag, ("frame", "series", "index", "range index", "column"))
_PANDAS, _POLARS = tag("pandas"), tag("polars")
_NO_ARRAYS = frozenset(("Int128", "UInt128"))
"""Integers that NumPy has no type for."""


def maker_for(kind: type, /) -> Maker | None:
    """Return the maker for a class of pandas or polars, None for what has no content (a lazy frame)."""
    for library, makers in (("pandas", _PANDAS_MAKERS), ("polars", _POLARS_MAKERS)):
        module = sys.modules.get(library)
        for name, make in makers.items() if module is not None else ():
            base = getattr(module, name, None)
            if isinstance(base, type) and issubclass(kind, base):
                return make
    dtype = getattr(
        getattr(getattr(sys.modules.get("pandas"), "api", None), "extensions", None), "ExtensionDtype", None
    )
    if isinstance(dtype, type) and issubclass(kind, dtype):
        return _dtype
    missing = {"NAType": "NA", "NaTType": "NaT"}.get(kind.__name__)
    return None if missing is None else lambda _canonical, _value: [_PANDAS, missing]


def _frame(canonical: Canonical, value: Any) -> Form:
    # Without its `attrs`, which each column would copy, whatever lies in them.
    bare = sys.modules["pandas"].DataFrame(value)
    columns = [_values(canonical, bare.iloc[:, place].array) for place in range(value.shape[1])]
    head = _index(canonical, value.columns)
    index = _index(canonical, value.index)
    return [_FRAME, qualified_name(type(value)), head, index, columns, *_said(canonical, value)]


def _series(canonical: Canonical, value: Any) -> Form:
    name = canonical.form(value.name)
    content = _values(canonical, value.array)
    index = _index(canonical, value.index)
    return [_SERIES, qualified_name(type(value)), name, index, content, *_said(canonical, value)]


def _said(canonical: Canonical, value: Any) -> list[Form]:
    """Return what is said of a frame beside its content: its `attrs`, and what its subclass names in `_metadata`."""
    named = {name: getattr(value, name, None) for name in type(value)._metadata if name not in ("name", "_name")}
    more = contents(canonical, {name: item for name, item in named.items() if item is not None})
    return [_attrs(canonical, value.attrs), *([more] if more else [])]


def _attrs(canonical: Canonical, attrs: Any) -> Form:
    try:
        return canonical.form(dict(attrs))
    except NoContentError:
        return contents(canonical, attrs)


def _index(canonical: Canonical, value: Any) -> Form:
    names = forms(canonical, list(value.names))
    if type(value).__name__ == "RangeIndex":
        return [_RANGE, names, value.start, value.stop, value.step]
    levels = [value.get_level_values(level) for level in range(value.nlevels)]
    columns = [_values(canonical, level.array) for level in levels]
    step = getattr(value, "freqstr", None)  # its `shift` goes by that: days and business days may begin alike
    return [_INDEX, qualified_name(type(value)), names, columns, *([step] if step else [])]


def _values(canonical: Canonical, value: Any) -> Form:
    """Return the form of one column's array."""
    dtype = value.dtype
    if hasattr(value, "categories"):
        categories = _values(canonical, value.categories.array)
        return [_COLUMN, "category", bool(value.ordered), categories, array_form(canonical, value.codes)]
    if hasattr(value, "asi8"):  # moments, spans and periods: integers of the unit that the dtype names
        return [_COLUMN, _said_by(canonical, dtype), array_form(canonical, value.asi8)]
    if str(dtype) == "time64[ns][pyarrow]":  # Python's own times end at microseconds
        return [_COLUMN, str(dtype), forms(canonical, value.__arrow_array__().cast("int64").to_pylist())]
    plain: Any = value.to_numpy()
    if plain.dtype.hasobject or str(plain.dtype) != str(dtype):
        return [_COLUMN, str(dtype), forms(canonical, list(value))]
    return [_COLUMN, str(dtype), array_form(canonical, plain)]


def _said_by(canonical: Canonical, dtype: Any) -> Form:
    """Return what a dtype prints; its unit and its zone, where that has only a form."""
    zone = _zone(canonical, getattr(dtype, "tz", None))
    return str(dtype) if type(zone) is str else [dtype.unit, zone]


def _text(canonical: Canonical, value: Any) -> Form:
    zone, unit = _zone(canonical, getattr(value, "tzinfo", None)), getattr(value, "unit", None)
    return [_PANDAS, type(value).__name__, value.isoformat(), getattr(value, "fold", 0), zone, unit]


def _zone(canonical: Canonical, zone: Any) -> Form:
    try:
        return zone_form(canonical, zone)
    except NoContentError:
        return canonical.form(zone)  # a class of the user's, who may have said by `register_key` what it is


def _dtype(canonical: Canonical, value: Any) -> Form:
    if not hasattr(value, "categories"):
        is_silent = type(value).__repr__ is object.__repr__ or hasattr(value, "tz")
        return [_PANDAS, "dtype", _said_by(canonical, value) if is_silent else repr(value)]
    categories = None if value.categories is None else _index(canonical, value.categories)
    return [_PANDAS, "dtype", value.ordered, categories]


def _period(_: Canonical, value: Any) -> Form:
    return [_PANDAS, "Period", value.ordinal, value.freqstr]


def _interval(canonical: Canonical, value: Any) -> Form:
    return [_PANDAS, "Interval", canonical.form(value.left), canonical.form(value.right), value.closed]


def _polars_frame(canonical: Canonical, value: Any) -> Form:
    columns = [_polars_series(canonical, column) for column in value.get_columns()]
    return [_POLARS, qualified_name(type(value)), value.height, columns, *_polars_more(canonical, value)]


def _polars_series(canonical: Canonical, value: Any) -> Form:
    content = _as_numbers(value)
    head = [_POLARS, qualified_name(type(value)), value.name, repr(value.dtype)]
    kind, more = content.dtype, _polars_more(canonical, value)
    if kind.is_numeric() and not kind.is_decimal() and repr(kind) not in _NO_ARRAYS and content.null_count() == 0:
        return [*head, array_form(canonical, content.to_numpy()), *more]
    # Element by element: under a null, and in a categorical's codes, the raw buffers of equal series differ.
    return [*head, forms(canonical, content.to_list()), *more]


def _polars_more(canonical: Canonical, value: Any) -> list[Form]:
    """Return what a subclass's instance, or one that was given attributes, holds beside its columns."""
    more = {name: item for name, item in vars(value).items() if name not in ("_df", "_s")}
    return [canonical.form(more)] if more else []


def _as_numbers(series: Any) -> Any:
    """Return a series with its moments and spans as numbers: Python's own end at microseconds and the year 9999."""
    if hasattr(series.dtype, "ext_storage"):
        return _as_numbers(series.ext.storage())
    kind = _number_type(series.dtype)
    return series if kind == series.dtype else series.cast(kind)


def _number_type(kind: Any) -> Any:
    polars: Any = sys.modules["polars"]
    if hasattr(kind, "ext_storage"):
        raise NoContentError(type(kind), "has no content to make a key of within other columns")
    if kind.is_temporal():
        return polars.Int32 if kind == polars.Date else polars.Int64
    if isinstance(kind, polars.Struct):
        return polars.Struct({field.name: _number_type(field.dtype) for field in kind.fields})
    if isinstance(kind, polars.List):
        return polars.List(_number_type(kind.inner))
    if isinstance(kind, polars.Array):
        return polars.Array(_number_type(kind.inner), kind.size)
    return polars.Map(_number_type(kind.key), _number_type(kind.value)) if type(kind).__name__ == "Map" else kind


def _polars_type(_: Canonical, value: Any) -> Form:
    return [_POLARS, "type", repr(value)]


_PANDAS_MAKERS: dict[str, Maker] = {
    "DataFrame": _frame,
    "Series": _series,
    "Index": _index,
    "Timestamp": _text,
    "Timedelta": _text,
    "Period": _period,
    "Interval": _interval,
    "Categorical": _values,
}
_POLARS_MAKERS: dict[str, Maker] = {
    "DataFrame": _polars_frame,
    "Series": _polars_series,
    "DataType": _polars_type,
}
