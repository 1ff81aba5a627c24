"""pandas: columns, indexes and scalars.

A column is kept by what it stands on, so that each dtype and each element comes back as it was: numpy's own arrays,
elements of an object column one by one, pandas' extension arrays by their parts, arrow's types as arrow IPC.
"""

from typing import Any

from beautyspot.serializers.arrow import arrow_bytes, arrow_table
from beautyspot.serializers.libraries import library
from beautyspot.serializers.refusals import Refusal


def encode_column(array: Any) -> list[Any]:
    """The kind of array, then what it stands on."""
    pandas = library("pandas")
    dtype = array.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        return ["category", array.codes, array.categories, bool(array.ordered)]
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return ["zoned", array.tz_convert("UTC").tz_localize(None).to_numpy(), dtype.tz]
    if isinstance(dtype, pandas.StringDtype):
        return ["text", dtype.storage, dtype.na_value, array.to_numpy(dtype=object, na_value=None).tolist()]
    if isinstance(dtype, pandas.PeriodDtype):
        return ["period", array.asi8, array.freqstr]
    if isinstance(dtype, pandas.IntervalDtype):
        return ["interval", array.left, array.right, dtype.closed]
    if isinstance(dtype, pandas.ArrowDtype):
        return ["arrow", arrow_bytes({"": array.__arrow_array__()})]
    if hasattr(array, "_mask"):  # the public way to the values behind a mask is to fill them in
        return ["masked", array.to_numpy(dtype=dtype.numpy_dtype, na_value=0), array.isna()]
    if isinstance(array, pandas.arrays.NumpyExtensionArray) or dtype.kind in "mM":
        return ["numpy", array.to_numpy()]
    raise Refusal(
        array, f"pandas' dtype {dtype!r} has no codec; expected one of numpy's or pandas' own; use .astype(object)"
    )


def decode_column(parts: list[Any], _: Any) -> Any:
    """See `encode_column`."""
    kind, *rest = parts
    return _DECODERS[kind](library("pandas"), *rest)


def encode_index(index: Any) -> list[Any]:
    """The values, the name and the frequency."""
    frequency = getattr(index, "freqstr", None) if index.dtype.kind in "mM" else None
    return [encode_column(index.array), index.name, frequency]


def decode_index(parts: list[Any], _: Any) -> Any:
    """See `encode_index`."""
    column, name, frequency = parts
    values = decode_column(column, None)
    index = library("pandas").Index(values, dtype=values.dtype, name=name, copy=False)
    if frequency is not None:
        index.freq = frequency
    return index


def encode_range_index(index: Any) -> list[Any]:
    """Start, stop, step and name."""
    return [index.start, index.stop, index.step, index.name]


def decode_range_index(parts: list[Any], _: Any) -> Any:
    """See `encode_range_index`."""
    start, stop, step, name = parts
    return library("pandas").RangeIndex(start, stop, step, name=name)


def encode_multi_index(index: Any) -> list[Any]:
    """Levels, codes and names."""
    return [list(index.levels), [codes.astype("int64") for codes in index.codes], list(index.names)]


def decode_multi_index(parts: list[Any], _: Any) -> Any:
    """See `encode_multi_index`."""
    levels, codes, names = parts
    return library("pandas").MultiIndex(levels=levels, codes=codes, names=names)


def encode_timestamp(value: Any) -> list[Any]:
    """The instant in UTC with its unit, and the zone."""
    return [value.asm8, value.tzinfo]


def decode_timestamp(parts: list[Any], _: Any) -> Any:
    """See `encode_timestamp`."""
    instant, zone = parts
    stamp = library("pandas").Timestamp(instant)
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def encode_pandas_timedelta(value: Any) -> list[Any]:
    """The span with its unit."""
    return [value.asm8]


def decode_pandas_timedelta(parts: list[Any], _: Any) -> Any:
    """See `encode_pandas_timedelta`."""
    return library("pandas").Timedelta(*parts)


def decode_nat(_: list[Any], __: Any) -> Any:
    """The only one there is."""
    return library("pandas").NaT


def decode_na(_: list[Any], __: Any) -> Any:
    """The only one there is."""
    return library("pandas").NA


def encode_period(value: Any) -> list[Any]:
    """Number and frequency."""
    return [value.ordinal, value.freqstr]


def decode_period(parts: list[Any], _: Any) -> Any:
    """See `encode_period`."""
    ordinal, frequency = parts
    return library("pandas").Period(ordinal=ordinal, freq=frequency)


def encode_interval(value: Any) -> list[Any]:
    """Both ends, and which of them belong to it."""
    return [value.left, value.right, value.closed]


def decode_interval(parts: list[Any], _: Any) -> Any:
    """See `encode_interval`."""
    return library("pandas").Interval(*parts)


def _plain(_: Any, values: Any) -> Any:
    return values


def _category(pandas: Any, codes: Any, categories: Any, ordered: bool) -> Any:
    return pandas.Categorical.from_codes(codes, categories=categories, ordered=ordered)


def _zoned(pandas: Any, values: Any, zone: Any) -> Any:
    return pandas.DatetimeIndex(values).tz_localize("UTC").tz_convert(zone).array


def _text(pandas: Any, storage: str, missing: Any, items: list[Any]) -> Any:
    return pandas.array(items, dtype=pandas.StringDtype(storage, na_value=missing))


def _period(pandas: Any, ordinals: Any, frequency: str) -> Any:
    return pandas.PeriodIndex.from_ordinals(ordinals, freq=frequency).array


def _interval(pandas: Any, left: Any, right: Any, closed: str) -> Any:
    return pandas.arrays.IntervalArray.from_arrays(left, right, closed)


def _arrow(pandas: Any, data: list[Any]) -> Any:
    return pandas.arrays.ArrowExtensionArray(arrow_table(data).column(0))


def _masked(pandas: Any, values: Any, mask: Any) -> Any:
    kinds = {"b": "BooleanArray", "f": "FloatingArray", "i": "IntegerArray", "u": "IntegerArray"}
    return getattr(pandas.arrays, kinds[values.dtype.kind])(values, mask)


_DECODERS: dict[str, Any] = {
    "arrow": _arrow,
    "category": _category,
    "interval": _interval,
    "masked": _masked,
    "numpy": _plain,
    "period": _period,
    "text": _text,
    "zoned": _zoned,
}
