from datetime import UTC, date, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from beautyspot.errors import DamagedEntryError, SerializationError
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import assert_same
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal
from polars.testing import assert_frame_equal as assert_polars_equal
from polars.testing import assert_series_equal as assert_polars_series_equal

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = pd.date_range("2024-01-01", periods=3, freq="D")

COLUMNS: dict[str, Any] = {
    "int": [1, 2, 3],
    "small": np.array([1, 2, 3], "u1"),
    "float": [1.5, np.nan, -0.0],
    "bool": [True, False, True],
    "text": ["a", None, "日本"],
    "string": pd.array(["a", pd.NA, "b"], "string[python]"),
    "object": pd.Series(["a", None, np.nan], dtype=object),
    "mixed": pd.Series([1, "a", (1, [2])], dtype=object),
    "decimals": pd.Series([Decimal("1.5"), None, date(2024, 1, 1)], dtype=object),
    "days": DAYS,
    "seconds": DAYS.as_unit("s"),
    "berlin": DAYS.tz_localize(BERLIN),
    "utc": DAYS.tz_localize(UTC),
    "offset": DAYS.tz_localize(timezone(timedelta(hours=1))),
    "spans": pd.to_timedelta([1, None, 3], unit="s"),
    "category": pd.Categorical(["x", None, "y"], ["y", "x"], ordered=True),
    "numbers": pd.Categorical([3, 1, 3]),
    "Int64": pd.array([1, None, 3], "Int64"),
    "Float32": pd.array([1.5, None, 3], "Float32"),
    "boolean": pd.array([True, None, False], "boolean"),
    "period": pd.period_range("2024-01", periods=3, freq="M"),
    "interval": pd.IntervalIndex.from_breaks([0, 1, 2, 3], closed="left"),
    "arrow": pd.array([1, None, 3], "int64[pyarrow]"),
    "lists": pd.Series([[1], None, []], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
}


def again(value: Any) -> Any:
    serializer = MsgpackSerializer()
    return serializer.loads(serializer.dumps(value))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_with_its_dtype_and_its_elements(name: str) -> None:
    series = pd.Series(COLUMNS[name], name=name)
    copy = again(series)
    assert copy.dtype == series.dtype
    assert_series_equal(copy, series, check_freq=True)
    assert_same([type(item) for item in copy], [type(item) for item in series])
    frame = pd.DataFrame({name: series})
    assert_frame_equal(again({"frame": (frame,)})["frame"][0], frame)


def test_a_whole_frame_comes_back_with_its_attrs() -> None:
    frame = pd.DataFrame(COLUMNS, index=pd.Index(["a", "b", "c"], name="key"))
    frame.attrs["source"] = ("file", 1)
    copy = again(frame)
    assert_frame_equal(copy, frame)
    assert_same(copy.attrs, frame.attrs)
    copy.loc["a", "int"] = 7
    assert copy["int"].tolist() == [7, 2, 3]


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(1, 9, 2, name=("a", 1)),
        pd.Index([3, 1, 2], name="n"),
        pd.Index(["a", "b"]),
        pd.Index(["a", 1, None], dtype=object),
        DAYS,
        DAYS.tz_localize(BERLIN),
        pd.timedelta_range("1s", periods=3, freq="2s"),
        pd.CategoricalIndex(["a", "b"]),
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.IntervalIndex.from_breaks([0.0, 1, 2]),
        pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", None]),
        pd.MultiIndex.from_tuples([("a", pd.Timestamp("2024-01-01")), (None, pd.NaT)]),
        pd.Index([]),
    ],
    ids=repr,
)
def test_an_index_comes_back_and_so_does_a_frame_with_it(index: Any) -> None:
    assert_index_equal(again(index), index, exact=True)
    assert getattr(again(index), "freq", None) == getattr(index, "freq", None)
    frame = pd.DataFrame({"v": range(len(index))}, index=index)
    assert_frame_equal(again(frame), frame)
    assert_frame_equal(again(frame.T), frame.T)


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame([[1, "a", 2.5]], columns=["x", "x", 0]), pd.DataFrame(index=[1, 2])],
    ids=["empty", "same-names", "no-columns"],
)
def test_an_odd_frame_comes_back(frame: Any) -> None:
    assert_frame_equal(again(frame), frame, check_column_type=True)


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2024-10-27 01:30:00.123456789", tz=UTC).tz_convert(BERLIN),
        pd.Timestamp("2024-01-01").as_unit("s"),
        pd.Timedelta("1 days 00:00:00.000000001"),
        pd.NaT,
        pd.NA,
        pd.Period("2024-01", "M"),
        pd.Interval(0, 1.5, closed="both"),
    ],
    ids=repr,
)
def test_a_scalar_of_pandas_comes_back(value: Any) -> None:
    copy = again([value])[0]
    assert type(copy) is type(value)
    assert repr(copy) == repr(value)
    assert getattr(copy, "unit", None) == getattr(value, "unit", None)


def test_a_categorical_comes_back() -> None:
    copy = again(pd.Categorical(["a", None], ["b", "a"]))
    assert copy.tolist() == ["a", np.nan] or copy.codes.tolist() == [1, -1]
    assert copy.categories.tolist() == ["b", "a"]


def test_a_column_without_a_codec_is_refused_with_what_to_do() -> None:
    with pytest.raises(SerializationError, match=r"astype\(object\)"):
        again(pd.DataFrame({"s": pd.arrays.SparseArray([0, 1])}))


def test_a_subclass_of_a_frame_is_refused() -> None:
    class Frame(pd.DataFrame):
        pass

    with pytest.raises(SerializationError, match="Frame"):
        again(Frame({"a": [1]}))


POLARS = {
    "int": [1, None, 3],
    "text": ["a", None, "日本"],
    "list": [[1], [], None],
    "struct": [{"a": 1, "b": "x"}] * 3,
    "date": [date(2024, 1, 1)] * 3,
    "category": pl.Series(["a", "b", "a"], dtype=pl.Categorical),
    "enum": pl.Series(["a", "b", "a"], dtype=pl.Enum(["a", "b"])),
    "decimal": [Decimal("1.50")] * 3,
    "null": [None] * 3,
}


def test_a_polars_frame_and_series_come_back() -> None:
    frame = pl.DataFrame(POLARS)
    copy = again([frame])[0]
    assert dict(copy.schema) == dict(frame.schema)
    assert_polars_equal(copy, frame)
    assert_polars_series_equal(again(frame["enum"]), frame["enum"])
    assert_polars_equal(again(pl.DataFrame()), pl.DataFrame())


def test_a_polars_column_of_objects_is_refused() -> None:
    with pytest.raises(SerializationError, match="Python objects"):
        again(pl.DataFrame({"o": [object()]}))


@pytest.mark.parametrize("value", [pl.DataFrame(POLARS), pd.Series(COLUMNS["arrow"])], ids=["polars", "arrow"])
def test_damage_anywhere_in_an_arrow_stream_is_found(value: Any) -> None:
    data = MsgpackSerializer().dumps(value)
    for place in range(0, len(data), 97):
        damaged = bytearray(data)
        damaged[place] ^= 0x40
        try:
            MsgpackSerializer().loads(damaged)
        except DamagedEntryError:
            continue
        assert place < 400, "a flip inside the stream went unnoticed"
