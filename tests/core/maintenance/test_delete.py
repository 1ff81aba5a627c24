"""Deleting results."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.maintenance import Deleted, delete_tasks, prune
from beautyspot.records import Task, TaskFilter
from beautyspot.storage import MemoryStorage

WHEN = datetime(2024, 1, 1, tzinfo=UTC)
TASK = Task("k", "f", "1", None, "FILE", None, "../../etc/passwd", None, WHEN, None, 3, 0.1)


def keep(spot: bs.Spot, count: int) -> None:
    @spot.mark(save_blob=True)
    def load(number: int) -> bytes:
        return b"x" * number

    for number in range(count):
        load(number)


def tasks_of(db: SQLiteTaskDB) -> list[Task]:
    return list(db.find(TaskFilter()))


def blobs(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_rows_and_their_blobs_go_and_the_others_stay(spot: bs.Spot, tmp_path: Path) -> None:
    keep(spot, 5)
    db = SQLiteTaskDB(tmp_path / "test.db")
    gone, stay = tasks_of(db)[:2], tasks_of(db)[2:]
    done = delete_tasks(gone, db, bs.LocalStorage(tmp_path / "blobs"))
    assert done == Deleted(2, sum(task.size_bytes or 0 for task in gone), 0)
    assert tasks_of(db) == stay
    assert len(blobs(tmp_path / "blobs")) == 3


def test_a_dry_run_says_the_same_and_changes_nothing(spot: bs.Spot, tmp_path: Path) -> None:
    keep(spot, 3)
    db, storage = SQLiteTaskDB(tmp_path / "test.db"), bs.LocalStorage(tmp_path / "blobs")
    before = tasks_of(db)
    said = delete_tasks(before, db, storage, dry_run=True)
    assert (tasks_of(db), len(blobs(tmp_path / "blobs"))) == (before, 3)
    assert delete_tasks(before, db, storage) == said


def test_prune_deletes_what_a_filter_means_and_its_blobs(spot: bs.Spot, tmp_path: Path) -> None:
    keep(spot, 3)
    db, storage = SQLiteTaskDB(tmp_path / "test.db"), bs.LocalStorage(tmp_path / "blobs")
    first = min(task.updated_at for task in tasks_of(db))
    old = TaskFilter(updated_before=first + timedelta(days=1))
    said = prune(db, storage, old, dry_run=True)
    assert (said.tasks, len(tasks_of(db))) == (3, 3)
    assert prune(db, storage, TaskFilter(expired_before=WHEN)).tasks == 0
    assert prune(db, storage, old) == said
    assert (tasks_of(db), blobs(tmp_path / "blobs")) == ([], [])


def test_prune_without_a_condition_is_refused() -> None:
    db = MemoryTaskDB()
    db.put(TASK)
    with pytest.raises(bs.ConfigurationError, match="give one condition"):
        prune(db, None, TaskFilter())
    assert db.get("k") is not None


def test_progress_is_told_after_each_chunk() -> None:
    told: list[int] = []
    tasks = [TASK._replace(cache_key=str(number)) for number in range(1001)]
    delete_tasks(tasks, MemoryTaskDB(), None, dry_run=True, progress=told.append)
    assert told == [500, 1000, 1001]


def test_a_blob_that_lies_in_another_storage_is_counted_as_left(spot: bs.Spot, tmp_path: Path) -> None:
    keep(spot, 2)
    db = SQLiteTaskDB(tmp_path / "test.db")
    assert delete_tasks(tasks_of(db), db, bs.LocalStorage(tmp_path / "other")).blobs_left == 2
    assert len(blobs(tmp_path / "blobs")) == 2


def test_a_blob_of_a_foreign_place_is_left_and_counted() -> None:
    class Refusing(MemoryStorage):
        def delete(self, location: str, /) -> None:
            raise bs.StorageError(f"{location!r} is not inside")

    db = MemoryTaskDB()
    db.put(TASK)
    assert delete_tasks([TASK], db, Refusing()).blobs_left == 1
    assert db.get("k") is None
