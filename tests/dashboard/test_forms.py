"""The files in which values in parts leave the store: nothing of a value gets lost on the way."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import beautyspot as bs
import msgpack
import numpy as np
import pandas as pd
import pytest
from beautyspot.catalog import Catalog
from beautyspot_dashboard.results.forms import FORMS, fitting
from beautyspot_dashboard.views.shown import kept_bytes


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True, "幕"]}, [], (1, (2,)), 2**80, {"": {}}])
def test_what_json_has_is_offered_as_json(value: Any) -> None:
    assert fitting(value) == "JSON"
    assert json.loads(FORMS["JSON"].write(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        {1: "a", "1": "b"},
        {(1, 2): 3},
        [float("nan")],
        [float("inf")],
        [10**5000],
        [b"bytes"],
        {1, 2},
        ["\ud800"],
        datetime(2026, 1, 1),
        [pd.DataFrame({"a": [1]})],
        np.arange(3),
        pd.DataFrame({"a": [{1}, b"x"]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [bytearray(b"x"), bytearray(b"y")]}),
    ],
)
def test_what_would_lose_something_as_json_or_parquet_is_offered_in_neither(value: Any) -> None:
    assert fitting(value) is None


def test_a_deep_list_is_not_offered_as_json() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    assert fitting(value) is None


def test_a_frame_is_offered_as_parquet_with_all_its_rows_and_types() -> None:
    frame = pd.DataFrame({"n": range(2000), "at": pd.date_range("2026-01-01", periods=2000), "x": "00123"})
    assert fitting(frame) == "Parquet"
    pd.testing.assert_frame_equal(pd.read_parquet(BytesIO(FORMS["Parquet"].write(frame))), frame, check_freq=False)


@pytest.mark.parametrize("compress", [None, "zstd"])
def test_any_other_value_leaves_as_it_is_kept(tmp_path: Path, compress: Any) -> None:
    if compress:
        pytest.importorskip("zstandard")
    with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs", compress=compress) as spot:
        spot.mark(lambda: {1: "a" * 5000, "1": "b"})()
    with Catalog.open(tmp_path / "t.db") as catalog:
        data = kept_bytes(catalog.values(bs.LocalStorage(tmp_path / "blobs")), catalog.tasks().rows[0])
    assert msgpack.unpackb(data, strict_map_key=False) == {1: "a" * 5000, "1": "b"}
