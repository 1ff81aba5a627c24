"""Arrays and frames are keyed by content, whatever their layout in memory."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack


def key(value: Any) -> bytes:
    return pack(Canonical(KeyRegistry()).form(value))


GRID = np.arange(6.0).reshape(2, 3)
WORDS = {"a": [1, 2], "b": ["x", None]}
ZONED = pd.to_datetime(["2024-01-01", None]).tz_localize("Asia/Tokyo")
BIG = np.zeros(5000)
BIG_TOO = BIG.copy()
BIG_TOO[2500] = 1

DISTINCT: list[Any] = [
    *(np.add, np.multiply, np.mean, np.linalg.norm, "numpy.add", pd.Int64Dtype(), pd.Int32Dtype(), "Int64"),
    *(pd.CategoricalDtype(), pd.CategoricalDtype(["a"]), pd.CategoricalDtype(["b"]), pd.CategoricalDtype(["a"], True)),
    *(GRID, GRID.T, GRID.reshape(3, 2), GRID.astype("f4"), GRID.astype(">f8"), GRID.tolist(), GRID.tobytes()),
    *(
        BIG,
        BIG_TOO,
        np.array([]),
        np.array([], "i4"),
        np.zeros((0, 2)),
        np.array(1.0),
        np.float64(1),
        np.float32(1),
        1.0,
    ),
    *(np.int64(1), np.uint8(1), 1, np.bool_(True), True, np.str_("a"), "a", np.array(["a"]), np.array(["a", "b"])),
    *(np.array([1, "a"], object), np.array(["1", "a"], object), np.array([""]), np.dtype("f8"), np.dtype("f4")),
    *(np.array([(1, 2)], "i4,i4"), np.array([(1, 2)], [("x", "i4"), ("y", "i4")]), np.datetime64(1, "s")),
    *(np.datetime64(1, "D"), np.array([1], "M8[s]"), np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2])),
    *(np.rec.array([(1, 2)], dtype="i4,i4"), np.array(["a", "b"], np.dtypes.StringDType())),
    *(pd.DataFrame(WORDS), pd.DataFrame(WORDS, index=[1, 2]), pd.DataFrame(WORDS)[["b", "a"]], pd.DataFrame()),
    *(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1, None]}, dtype="Int64")),
    *(pd.DataFrame({"a": [1, 2]}, dtype="Int64"), pd.Series([1, 2]), pd.Series([1, 2], name="a"), pd.Index([1, 2])),
    *(pd.RangeIndex(2), pd.RangeIndex(3), pd.Index(["a"]), pd.MultiIndex.from_tuples([("a", 1)]), pd.Series(["a"])),
    *(pd.Series(["a", "b"], dtype="category"), pd.Series(["b", "a"], dtype="category"), pd.Series(["a", "b"])),
    *(pd.Series(["a"], dtype="category").cat.as_ordered(), pd.Series(["a"], dtype="category"), pd.Series(ZONED)),
    *(
        pd.Series(ZONED).dt.tz_convert("UTC"),
        ZONED,
        pd.Series([1, "1"], dtype=object),
        pd.Series([pd.NA], dtype=object),
    ),
    *(pd.Timestamp(1), pd.Timestamp(2), pd.Timestamp(1, tz="UTC"), pd.Timestamp(1).to_pydatetime(warn=False)),
    *(pd.Timedelta(1), pd.Timedelta(2), pd.Period("2024"), pd.Period("2024-01"), pd.NA, pd.NaT, None),
    *(pd.Interval(0, 1), pd.Interval(0, 1, "left"), pd.interval_range(0, 2), pd.Categorical(["a"])),
    *(pl.DataFrame(WORDS), pl.DataFrame(WORDS)[["b", "a"]], pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1.0]})),
    *(pl.Series("a", [1]), pl.Series("b", [1]), pl.Series("a", [1], pl.Int8), pl.Series("a", ["x"])),
    *(pl.Series("a", ["x"], pl.Categorical), pl.Series("a", [[1], [2, None]]), pl.DataFrame(), pl.Int64, pl.Int32),
]


def test_no_two_contents_share_a_form():
    seen: dict[bytes, int] = {}
    for place, value in enumerate(DISTINCT):
        form = key(value)
        assert form not in seen, (value, DISTINCT[seen[form]])
        seen[form] = place


def test_memory_order_and_strides_have_no_part():
    wide = np.zeros((2, 6))
    wide[:, ::2] = GRID
    assert key(GRID) == key(np.asfortranarray(GRID)) == key(wide[:, ::2]) == key(GRID.copy())


def test_a_memory_map_is_its_content(tmp_path: Any):
    np.save(tmp_path / "a.npy", GRID)
    assert key(np.load(tmp_path / "a.npy", mmap_mode="r")) == key(GRID)


def test_equal_frames_agree_whatever_their_history():
    frame = pd.DataFrame(WORDS)
    assert key(frame) == key(pd.concat([frame[:1], frame[1:]])) == key(frame.copy())
    halves = pl.concat([pl.DataFrame(WORDS)[:1], pl.DataFrame(WORDS)[1:]], rechunk=False)
    assert key(pl.DataFrame(WORDS)) == key(halves)


def test_a_categorical_does_not_depend_on_what_was_seen_before():
    before = key(pl.Series("a", ["x", "y"], pl.Categorical))
    _ = pl.Series("b", ["y", "z", "x"], pl.Categorical)
    assert key(pl.Series("a", ["x", "y"], pl.Categorical)) == before


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt128])
def test_integers_that_numpy_has_no_type_for_are_told_apart(dtype: Any):
    columns = [pl.Series("a", values, dtype) for values in ([1], [2], [2**100], [2**100, None], [])]
    assert len({key(column) for column in columns} | {key(pl.Series("a", [1], pl.Int64))}) == 6
    assert key(columns[2].to_frame()) == key(pl.DataFrame({"a": [2**100]}, {"a": dtype}))


MOMENTS = [pl.Datetime("ns"), pl.Datetime("ns", "UTC"), pl.Duration("ns"), pl.Time]
NESTED = [
    *(pl.Datetime("ns"), pl.List(pl.Datetime("ns")), pl.List(pl.List(pl.Duration("ns")))),
    *(pl.Array(pl.Time, 1), pl.Struct({"a": pl.Datetime("ns"), "b": pl.List(pl.Time)})),
]


@pytest.mark.parametrize("kind", [*MOMENTS, *NESTED], ids=str)
def test_nanoseconds_of_polars_make_another_key(kind: Any):
    def column(nanoseconds: int) -> pl.Series:
        number: Any = nanoseconds
        if kind.is_nested():
            number = {"a": number, "b": [number]} if isinstance(kind, pl.Struct) else [number]
            number = [number] if kind == pl.List(pl.List) else number
        return pl.Series("a", [number, None], strict=False).cast(kind)

    assert key(column(1001)) == key(column(1001)) != key(column(1002))
    assert key(column(1001).to_frame()) != key(column(1002).to_frame())


@pytest.mark.parametrize("kind", [pl.Duration("ms"), pl.Datetime("us", "UTC"), pl.Date])
def test_moments_that_python_has_no_type_for_are_told_apart(kind: Any):
    ends = [2**30, 2**30 + 1] if kind == pl.Date else [2**62, 2**62 + 1]
    far = [pl.Series("a", [end]).cast(pl.Int32 if kind == pl.Date else pl.Int64).cast(kind) for end in ends]
    assert key(far[0].to_frame()) != key(far[1].to_frame())


@pytest.mark.parametrize("value", [np.random.default_rng(1), pl.LazyFrame(WORDS), pl.col("a")])
def test_generators_and_lazy_frames_are_refused(value: Any):
    with pytest.raises(UnkeyableArgument, match="has no content"):
        key(value)


def test_a_numpy_function_that_no_name_finds_has_no_content():
    with pytest.raises(UnkeyableArgument, match="no content"):
        key(np.frompyfunc(len, 1, 1))


class Measured(pd.DataFrame):
    _metadata = ["unit", "lock"]  # noqa: RUF012 - as pandas declares it


def measured(unit: str | None, /, **attrs: Any) -> Measured:
    frame = Measured(WORDS)
    frame.attrs.update(attrs)
    if unit is not None:
        frame.unit, frame.lock = unit, threading.Lock()  # pyright: ignore[reportAttributeAccessIssue] - pandas' own way
    return frame


def test_what_a_subclass_of_a_frame_says_of_it_counts_where_it_has_content():
    assert key(measured("m")) == key(measured("m")) != key(measured("ft"))
    assert key(measured("m")) != key(measured(None))


def test_attributes_of_a_frame_count_where_they_have_content():
    frames = [measured(None, unit=unit, client=object()) for unit in ("m", "m", "ft")]
    assert key(frames[0]) == key(frames[1]) != key(frames[2])


PADDED = np.dtype([("a", "i1"), ("b", [("c", "f8"), ("d", "i2", (2,))])], align=True)


def test_what_lies_between_the_fields_of_an_array_has_no_part():
    one, two = np.empty(3, PADDED), np.empty(3, PADDED)
    for array, padding in ((one, 0), (two, 255)):
        array.view("u1")[:] = padding
        array["a"], array["b"]["c"], array["b"]["d"] = 1, 2.5, [3, 4]
    assert one.tobytes() != two.tobytes()
    assert (key(one), key(one[0])) == (key(two), key(two[0]))
    two["b"]["d"][0, 1] = 5
    assert key(one) != key(two)
    assert key(one[0]) != key(two[0])


@pytest.mark.skipif(np.finfo("g").nmant != 63, reason="a long double has padding on x86 alone")
@pytest.mark.parametrize("is_swapped", [False, True])
def test_what_pads_a_long_double_has_no_part(is_swapped: bool):
    def thirds(padding: int) -> Any:
        array = np.full(3, np.longdouble(1) / 3)
        array.view("u1").reshape(3, -1)[:, 10:] = padding
        return array.byteswap().view(">g") if is_swapped else array

    one, two = thirds(0), thirds(255)
    assert one.tobytes() != two.tobytes()
    assert (key(one), key(one[0])) == (key(two), key(two[0]))
    two[2] = np.nextafter(np.longdouble(1) / 3, 1)
    assert key(one) != key(two)
    assert key(one[2]) != key(two[2])


class Temperature(np.float64):
    def __new__(cls, value: float, unit: str) -> Any:
        made: Any = super().__new__(cls, value)
        made.unit = unit
        return made


class Readings(np.ma.MaskedArray[Any, Any]):
    pass


class Table(pl.DataFrame):
    pass


class Column(pl.Series):
    pass


def noted(value: Any, unit: str) -> Any:
    value.unit = unit
    return value


BASES: list[Callable[[], Any]] = [
    lambda: np.ma.array([1, 2]).view(Readings),
    lambda: Table(WORDS),
    lambda: Column("a", [1]),
    lambda: Column("a", ["x"]),
]


@pytest.mark.parametrize(
    "make", [lambda unit: Temperature(1, unit), *(lambda unit, base=base: noted(base(), unit) for base in BASES)]
)
def test_what_a_subclass_of_a_host_holds_beside_its_content_counts(make: Any):
    assert key(make("C")) == key(make("C")) != key(make("F"))


def test_a_subclass_of_a_scalar_is_another_value_than_the_scalar():
    assert key(Temperature(1, "C")) != key(np.float64(1))


def test_nanoseconds_of_a_time_of_arrow_make_another_key():
    def column(nanoseconds: int) -> Any:
        numbers: Any = pd.Series([nanoseconds, None], dtype="int64[pyarrow]")
        return numbers.astype("time64[ns][pyarrow]")

    assert key(column(1)) == key(column(1)) != key(column(2))


def test_a_lock_among_the_attributes_of_a_frame_is_left_out():
    frames = [measured(None, unit=unit, lock=threading.Lock()) for unit in ("m", "m", "ft")]
    assert key(frames[0]) == key(frames[1]) != key(frames[2])


def test_the_step_of_an_index_counts_as_its_shift_goes_by_it():
    days, workdays = (pd.date_range("2024-01-01", periods=5, freq=freq) for freq in "DB")
    assert key(days) == key(days.copy()) != key(workdays)


def test_a_type_of_a_column_that_prints_an_address_is_told_by_its_name():
    def kind(name: str) -> Any:
        return type("Kind", (pd.api.extensions.ExtensionDtype,), {"name": name})()

    assert key(kind("a")) == key(kind("a")) != key(kind("b"))
