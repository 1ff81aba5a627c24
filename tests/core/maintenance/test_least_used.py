"""Pruning to a size: what was not used for longest goes first."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import least_used, prune
from beautyspot.records import TaskFilter
from beautyspot.storage import MemoryStorage
from beautyspot.testing import FrozenClock
from beautyspot.testing.task_db import NOON, task

HOUR = timedelta(hours=1)


@pytest.fixture
def db() -> MemoryTaskDB:
    """Five results of 10 bytes, `0` the oldest and `4` the newest."""
    db = MemoryTaskDB()
    for number in range(5):
        db.put(task(str(number), updated_at=NOON + number * HOUR, size_bytes=10))
    return db


def left(db: MemoryTaskDB) -> list[str]:
    return sorted(each.cache_key for each in db.find(TaskFilter()))


def test_the_oldest_go_until_the_others_fit(db: MemoryTaskDB) -> None:
    assert prune(db, None, max_bytes=25).tasks == 3
    assert left(db) == ["3", "4"]
    assert prune(db, None, max_bytes=25).tasks == 0


def test_a_result_that_was_read_since_outlives_newer_ones(db: MemoryTaskDB) -> None:
    db.uses.note(["0"], NOON + 9 * HOUR)
    prune(db, None, max_bytes=20)
    assert left(db) == ["0", "4"]


def test_of_results_of_one_moment_only_so_many_go_as_must() -> None:
    db = MemoryTaskDB()
    for number in range(10):
        db.put(task(str(number), size_bytes=10))
    assert prune(db, None, max_bytes=65).tasks == 4


def test_no_other_goes_for_a_result_that_can_not_fit(db: MemoryTaskDB) -> None:
    db.put(task("giant", updated_at=NOON + 9 * HOUR, size_bytes=51))
    assert prune(db, None, max_bytes=50).tasks == 1
    assert left(db) == ["0", "1", "2", "3", "4"]
    db.put(task("giant", updated_at=NOON + 9 * HOUR, size_bytes=51))
    assert prune(db, None, max_bytes=45).tasks == 2
    assert left(db) == ["1", "2", "3", "4"]


def test_to_nothing_is_a_size_too(db: MemoryTaskDB) -> None:
    said = prune(db, None, max_bytes=0, dry_run=True)
    assert (said.tasks, said.size_bytes, len(left(db))) == (5, 50, 5)
    assert prune(db, None, max_bytes=0) == said
    assert left(db) == []


@pytest.mark.parametrize("size", [-1, "5XB", float("nan"), True])
def test_what_is_no_size_is_refused(db: MemoryTaskDB, size: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a size"):
        prune(db, None, max_bytes=size)
    assert len(left(db)) == 5


def test_a_size_may_have_a_unit(db: MemoryTaskDB) -> None:
    assert prune(db, None, max_bytes="0.02kB").tasks == 3


def test_a_filter_says_whose_size_is_meant(db: MemoryTaskDB) -> None:
    db.put(task("big", func_name="other.f", updated_at=NOON - HOUR, size_bytes=1000))
    prune(db, None, TaskFilter(function="shop.price"), max_bytes=30)
    assert left(db) == ["2", "3", "4", "big"]


def test_rows_that_do_not_say_their_size_stay(db: MemoryTaskDB) -> None:
    db.put(task("legacy", updated_at=NOON - HOUR, size_bytes=None))
    prune(db, None, max_bytes=0)
    assert left(db) == ["legacy"]


def test_without_notes_of_use_the_time_of_keeping_counts(db: MemoryTaskDB) -> None:
    chosen = least_used(lambda: db.find(TaskFilter()), None, 40)
    assert [each.cache_key for each in chosen] == ["0"]


def test_the_blobs_go_with_their_rows() -> None:
    db, storage = MemoryTaskDB(), MemoryStorage()
    for number in range(3):
        location = storage.save(str(number), b"x" * 10)
        blob = task(str(number), updated_at=NOON + number * HOUR, size_bytes=10)
        db.put(blob._replace(result_type="FILE", result_value=location, result_data=None))
    prune(db, storage, max_bytes=15)
    assert [blob.location for blob in storage.iter_keys()] == ["2.2"]


def test_a_result_that_is_kept_anew_while_others_are_deleted_stays(db: MemoryTaskDB) -> None:
    fresh = task("1", updated_at=NOON + 99 * HOUR, size_bytes=10)

    class Refreshed(MemoryTaskDB):
        def find(self, where: TaskFilter, /):
            yield from list(db.find(where))
            db.put(fresh)

    between = Refreshed()
    between.upkeep = db.upkeep
    assert prune(between, None, TaskFilter(function="shop.price")).tasks == 4
    assert [each.updated_at for each in db.find(TaskFilter())] == [fresh.updated_at]


def test_pruning_to_a_size_from_a_real_file_minds_what_was_read(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    for number in range(4):
        db.put(task(str(number), updated_at=NOON + number * HOUR, size_bytes=10))
    db.uses.note(["1"], NOON + 9 * HOUR)
    prune(db, None, max_bytes=20)
    assert sorted(each.cache_key for each in db.find(TaskFilter())) == ["1", "3"]
    db.close()


def test_in_a_store_of_a_few_minutes_what_was_read_outlives_the_rest(tmp_path: Path) -> None:
    clock = FrozenClock()
    spot = bs.Spot("young", db=tmp_path / "a.db", clock=clock)
    load = spot.mark(str)
    for number in range(6):
        load(number)
        clock.advance(1)
    load(0), load(1)
    spot.flush()
    prune(spot.parts.store.db, None, max_bytes=8)
    assert [number for number in range(6) if load.is_cached(number)] == [0, 1, 4, 5]
    spot.shutdown()
