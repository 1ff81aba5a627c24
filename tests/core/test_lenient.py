"""Rows that tell what goes wrong, and never raise it."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.errors import CacheWarning, SerializationError
from beautyspot.lenient import LenientRows
from beautyspot.store import Label


def label(key: str) -> Label:
    return Label(key, "m.f", key, None, 2.0)


@pytest.fixture(autouse=True)
def shown() -> Iterator[list[warnings.WarningMessage]]:
    """What is shown where warnings are errors."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        yield shown


async def read(rows: LenientRows, keys: list[str], way: str) -> list[Any]:
    hits = rows.read(keys) if way == "sync" else await rows.read_async(keys)
    return [hit and hit.value for hit in hits]


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_row_that_can_not_be_read_costs_no_other(way: str, spot: bs.Spot, tmp_path: Path, shown: Any) -> None:
    rows = LenientRows(spot.parts, "Host")
    rows.keep([(label(key), key) for key in "abc"])
    with closing(sqlite3.connect(tmp_path / "test.db")) as file, file:
        file.execute("UPDATE tasks SET result_data = x'00' WHERE cache_key = 'a'")
    assert await read(rows, ["a", "b", "c"], way) == [None, "b", "c"]
    told = "the cache of Host's answers could not look an answer up (CacheReadWarning: the kept result a could not"
    assert [str(each.message)[: len(told)] for each in shown] == [told]


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_database_without_tables_is_told_of_once(way: str, spot: bs.Spot, tmp_path: Path, shown: Any) -> None:
    rows = LenientRows(spot.parts, "Host")
    rows.keep([(label("a"), 1)])
    with closing(sqlite3.connect(tmp_path / "test.db")) as file, file:
        file.execute("DROP TABLE tasks")
    for _ in range(2):
        assert await read(rows, ["b"], way) == [None]
    assert [str(each.message).count("no such table") for each in shown] == [1]


@pytest.mark.parametrize("on_save_error", ["raise", "warn"])
async def test_what_can_not_be_kept_stops_no_other(on_save_error: Any, tmp_path: Path, shown: Any) -> None:
    spot = bs.Spot("a", db=tmp_path / "a.db", storage=tmp_path / "blobs", on_save_error=on_save_error)
    rows = LenientRows(spot.parts, "Host")
    values = [(label("a"), 1), (label("b"), object()), (label("c"), 3)]
    assert [each.cache_key for each in await rows.keep_async(values)] == ["b"]
    assert await read(rows, ["a", "b", "c"], "sync") == [1, None, 3]
    assert {str(each.message)[:52] for each in shown} == {"the cache of Host's answers could not keep an answer"}
    spot.shutdown()


def test_rows_that_may_be_the_only_copy_raise_what_their_spot_raises(tmp_path: Path, shown: Any) -> None:
    with bs.Spot("a", db=tmp_path / "a.db", on_save_error="raise") as spot:
        rows = LenientRows(spot.parts, "Host", forgives=CacheWarning)
        with pytest.raises(SerializationError):
            rows.keep([(label("a"), object())])
    assert shown == []
