"""Tables: pandas and polars frames and series."""

from io import BytesIO
from typing import Any

from beautyspot.serializers.arrow import opened, sealed
from beautyspot.serializers.indexes import decode_column, encode_column
from beautyspot.serializers.libraries import library
from beautyspot.serializers.refusals import Refusal


def encode_frame(frame: Any) -> list[Any]:
    """Columns, index, the columns' values in order, attrs."""
    # By position: two columns may share a name.
    values = [encode_column(frame.iloc[:, number].array) for number in range(frame.shape[1])]
    return [frame.columns, frame.index, values, frame.attrs]


def decode_frame(parts: list[Any], _: Any) -> Any:
    """See `encode_frame`."""
    columns, index, values, attributes = parts
    pandas = library("pandas")
    arrays = [decode_column(column, None) for column in values]
    if any(len(array) != len(index) for array in arrays) or len(arrays) != len(columns):
        raise ValueError("a frame whose columns and index differ in length")
    series = {
        number: pandas.Series(array, index=index, dtype=array.dtype, copy=False) for number, array in enumerate(arrays)
    }
    frame = pandas.DataFrame(series, index=index, copy=False)
    frame.columns = columns
    frame.attrs.update(attributes)
    return frame


def encode_series(series: Any) -> list[Any]:
    """Index, values, name, attrs."""
    return [series.index, encode_column(series.array), series.name, series.attrs]


def decode_series(parts: list[Any], _: Any) -> Any:
    """See `encode_series`."""
    index, column, name, attributes = parts
    array = decode_column(column, None)
    series = library("pandas").Series(array, index=index, dtype=array.dtype, name=name, copy=False)
    series.attrs.update(attributes)
    return series


def encode_polars(frame: Any) -> list[Any]:
    """An arrow IPC file, which polars writes and reads by itself."""
    sink = BytesIO()
    try:
        frame.write_ipc(sink)
        kept = library("polars").read_ipc_schema(sink)
    except Exception as error:  # polars has its own tree of errors, for a column of Python objects among others
        reason = (
            f"polars can't write it ({error!r:.200}); expected columns of its own types; cast those of Python objects"
        )
        raise Refusal(frame, reason) from error
    if dict(kept) != dict(frame.schema):
        reason = (
            f"its schema {frame.schema!r} would come back as {kept!r}; expected no change; cast the columns that differ"
        )
        raise Refusal(frame, reason)
    return sealed(sink.getbuffer())


def decode_polars(parts: list[Any], _: Any) -> Any:
    """See `encode_polars`."""
    data = BytesIO(opened(parts))
    polars = library("polars")
    try:
        return polars.read_ipc(data)
    # A panic of its Rust code is a BaseException; anything else of that kind is the user's Ctrl-C.
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("polars can't read its own file") from error


def encode_polars_series(series: Any) -> list[Any]:
    """A frame of one column."""
    return encode_polars(series.to_frame())


def decode_polars_series(parts: list[Any], _: Any) -> Any:
    """See `encode_polars_series`."""
    return decode_polars(parts, None).to_series(0)
