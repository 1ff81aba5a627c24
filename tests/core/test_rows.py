import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.errors import CacheReadWarning, CacheSaveWarning, DamagedEntryError, StorageError
from beautyspot.records import Entry, Task
from beautyspot.rows import FEW, Rows
from beautyspot.store import Label
from beautyspot.testing import FrozenClock


def label(key: str, ttl_s: float | None = None, *, save_blob: bool | None = None) -> Label:
    return Label(key, "m.f", key, None, 2.0, ttl_s=ttl_s, save_blob=save_blob)


def values(rows: Rows, keys: list[str]) -> list[object]:
    return [hit and hit.value for hit in rows.read(keys)]


@pytest.fixture
def rows(spot: bs.Spot) -> Rows:
    return Rows(spot.parts)


def test_each_key_gets_its_own_value_in_the_order_asked(rows: Rows) -> None:
    keys = [f"{number:04}" for number in range(1200)]
    rows.keep([(label(key), int(key)) for key in keys])
    assert values(rows, [*reversed(keys), "gone", keys[0]]) == [*reversed(range(1200)), None, 0]


def test_blobs_rows_and_expired_values_come_together(rows: Rows, clock: FrozenClock) -> None:
    rows.keep([(label("a", save_blob=True), "blob"), (label("b"), "row"), (label("c", ttl_s=5), "short")])
    assert values(rows, ["a", "b", "c"]) == ["blob", "row", "short"]
    clock.advance(6)
    assert values(rows, ["a", "b", "c"]) == ["blob", "row", None]


def test_one_damaged_row_costs_the_others_nothing(rows: Rows, spot: bs.Spot, tmp_path: Path) -> None:
    rows.keep([(label(key), key) for key in "abc"])
    with closing(sqlite3.connect(tmp_path / "test.db")) as file, file:
        file.execute("UPDATE tasks SET result_data = x'00' WHERE cache_key = 'b'")
    with pytest.warns(CacheReadWarning, match="b could not be read"):
        assert values(rows, ["a", "b", "c"]) == ["a", None, "c"]
    assert spot.parts.store.damaged == 1


def test_a_value_that_cannot_be_kept_takes_no_other_along(rows: Rows) -> None:
    with pytest.warns(CacheSaveWarning, match="m.f"):
        rows.keep([(label("a"), 1), (label("b"), object()), (label("c"), 3)])
    assert values(rows, ["a", "b", "c"]) == [1, None, 3]


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[bs.Spot]:
    db = bs.db.SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=0.05)
    spot = bs.Spot("a", db=db, storage=tmp_path / "blobs")
    db.open()
    yield spot
    spot.shutdown()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_a_locked_database_refuses_is_held_and_read_all_the_same(impatient: bs.Spot, tmp_path: Path) -> None:
    rows = Rows(impatient.parts)
    with locked(tmp_path / "a.db"):
        with pytest.warns(CacheSaveWarning, match="held in memory"):
            rows.keep([(label(key), key) for key in "abc"])
        assert values(rows, ["a", "b", "c"]) == ["a", "b", "c"]
    impatient.flush()
    with closing(bs.db.SQLiteTaskDB(tmp_path / "a.db")) as db:
        assert db.get_many(["a", "b", "c"]).keys() == {"a", "b", "c"}


def test_an_older_result_that_waits_is_not_written_over_a_newer(impatient: bs.Spot, tmp_path: Path) -> None:
    rows = Rows(impatient.parts)
    with locked(tmp_path / "a.db"), pytest.warns(CacheSaveWarning, match="held in memory"):
        rows.keep([(label("a"), "old")])
    rows.keep([(label("a"), "new"), (label("b"), "b")])
    impatient.flush()
    assert values(rows, ["a", "b"]) == ["new", "b"]


class Away(bs.db.MemoryTaskDB):
    def get_many(self, keys: list[str]) -> dict[str, Entry]:
        raise StorageError("the server is away")

    def put_many(self, tasks: list[Task]) -> None:
        raise StorageError("the server is away")


def test_a_database_that_is_away_is_a_warned_miss_and_each_row_is_tried_alone() -> None:
    rows = Rows(bs.Spot("away", db=Away()).parts)
    rows.keep([(label("a"), 1), (label("b"), 2)])
    with pytest.warns(CacheReadWarning, match="the server is away"):
        assert values(rows, ["a", "b"]) == [None, None]
    assert [values(rows, ["a"]), values(rows, ["b"])] == [[1], [2]]


class Damaged(bs.db.MemoryTaskDB):
    def get(self, key: str) -> Entry | None:
        if key == "b":
            raise DamagedEntryError("b can't be read")
        return super().get(key)

    def get_many(self, keys: list[str]) -> dict[str, Entry]:
        raise DamagedEntryError("b can't be read")

    def put_many(self, tasks: list[Task]) -> None:
        raise StorageError("one by one")


def test_where_damage_stops_a_batch_the_others_are_read_alone() -> None:
    rows = Rows(bs.Spot("damaged", db=Damaged()).parts)
    rows.keep([(label(key), key) for key in "abc"])
    with pytest.warns(CacheReadWarning, match="b can't be read"):
        assert values(rows, ["a", "b", "c"]) == ["a", None, "c"]


def test_a_database_without_batches_is_asked_row_by_row() -> None:
    rows = Rows(bs.Spot("plain", db=bs.db.MemoryTaskDB()).parts)
    rows.keep([(label("a"), 1), (label("b"), 2)])
    assert values(rows, ["a", "x", "b"]) == [1, None, 2]


@pytest.mark.parametrize("count", [3, FEW + 1])
async def test_a_few_and_many_are_read_and_kept_alike_without_blocking(rows: Rows, count: int) -> None:
    keys = [f"{number:04}" for number in range(count)]
    await rows.keep_async([(label(key, save_blob=key == "0001"), int(key)) for key in keys])
    assert [hit and hit.value for hit in await rows.read_async([*keys, "gone"])] == [*range(count), None]


async def test_what_was_paid_for_is_kept_although_the_caller_is_cancelled(rows: Rows) -> None:
    task = asyncio.ensure_future(rows.keep_async([(label("a"), 1)]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        while values(rows, ["a"]) != [1]:
            await asyncio.sleep(0)
