"""A call whose entry can't be read."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest


def call(marked: Any) -> Any:
    return marked(1)


def map_one(marked: Any) -> Any:
    return marked.map([1], progress=False)


def awaited(way: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def scene(marked: Any) -> Any:
        return await way(marked)

    return lambda marked: asyncio.run(scene(marked))


async def double_async(x: int) -> int:
    return 2 * x


def double(x: int) -> int:
    return 2 * x


@pytest.mark.parametrize(
    ("function", "way"),
    [(double, call), (double, map_one), (double_async, awaited(call)), (double_async, awaited(map_one))],
)
@pytest.mark.parametrize("damage", ["result_data = x'c1'", "expires_at = 'soon'"])
def test_a_damaged_entry_is_counted_once_a_call(spot: bs.Spot, tmp_path: Path, function: Any, way: Any, damage: str):
    marked = spot.mark(function)
    way(marked)
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection, connection:
        connection.execute(f"UPDATE tasks SET {damage}")
    with pytest.warns(bs.CacheReadWarning, match="could not be read"):
        assert way(marked) in (2, [2])
    assert spot.parts.store.damaged == 1
    assert marked.cache_info().misses == 2
