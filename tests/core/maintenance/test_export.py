"""An export that only looks: it promises what the export would come to, without opening a blob."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.maintenance import Exported, export_archive
from beautyspot.records import BlobInfo, Task
from beautyspot.storage import BlobStorage, MemoryStorage
from beautyspot.testing.task_db import task


class Counting(MemoryStorage):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = self.opens = 0

    def iter_keys(self) -> Iterator[BlobInfo]:
        self.lists += 1
        return super().iter_keys()

    def open(self, location: str, /) -> Any:
        self.opens += 1
        return super().open(location)


def export(kept: Any, *storages: BlobStorage, dry_run: bool) -> Exported:
    with closing(SQLiteTaskDB(kept.path)) as db:
        done = export_archive(db, storages or [kept.blobs], kept.path.with_name("all"), dry_run=dry_run)
    return replace(done, activity=0)  # which a look doesn't count


def in_blob(storage: BlobStorage, number: int) -> Task:
    location = storage.save(f"{number:02}", b"blob")
    return task(f"{number:02}", result_type="FILE", result_data=None, result_value=location, size_bytes=4)


def test_a_look_counts_the_blobs_that_are_away_as_the_export_does(kept: Any) -> None:
    kept.fill(3)
    next(Path(kept.blobs.root).rglob("*.bin")).unlink()
    said = export(kept, dry_run=True)
    assert (said.tasks, said.lost) == (4, 1)
    assert export(kept, dry_run=False) == said


def test_a_look_refuses_what_the_export_would_as_its_blobs_are_away(kept: Any, tmp_path: Path) -> None:
    kept.fill(3)
    Path(kept.blobs.root).rename(tmp_path / "elsewhere")
    for dry_run in (True, False):
        with pytest.raises(bs.ConfigurationError, match="2 blobs that rows name are not in"):
            export(kept, dry_run=dry_run)
    found = export(kept, kept.blobs, bs.LocalStorage(tmp_path / "elsewhere"), dry_run=True)
    assert (found.tasks, found.lost) == (5, 0)


@pytest.mark.parametrize("change", ["elapsed_s = 9e999", "version = x'ff'", "checksum = 'zz'"])
def test_a_look_leaves_out_the_rows_that_the_export_would(kept: Any, change: str) -> None:
    kept.fill(3)
    kept.ask(f"UPDATE tasks SET {change} WHERE rowid = 1")
    said = export(kept, dry_run=True)
    assert (said.tasks, said.left_out) == (4, 1)
    assert export(kept, dry_run=False) == said


def test_a_look_lists_each_storage_once_and_opens_no_blob(tmp_path: Path) -> None:
    first, second, db = Counting(), Counting(), MemoryTaskDB()
    for number in range(20):
        db.put(in_blob(first if number < 10 else second, number))
    said = export_archive(db, [first, second], tmp_path / "all", dry_run=True)
    assert (said.tasks, said.lost) == (20, 0)
    assert [(each.lists, each.opens) for each in (first, second)] == [(1, 0), (1, 0)]


def test_a_look_for_many_blobs_that_are_gone_opens_none(tmp_path: Path) -> None:
    class Folder(bs.LocalStorage):
        opens = 0

        def open(self, location: str, /) -> Any:
            self.opens += 1
            return super().open(location)

    storage, db = Folder(tmp_path / "blobs"), MemoryTaskDB()
    for number in range(20):
        row = in_blob(storage, number)
        db.put(row)
        if number:
            storage.delete(row.result_value)
    said = export_archive(db, [storage], tmp_path / "all", dry_run=True)
    assert (said.tasks, said.lost, storage.opens) == (1, 19, 0)


def test_a_look_at_results_in_rows_lists_no_storage(tmp_path: Path) -> None:
    storage, db = Counting(), MemoryTaskDB()
    db.put(task("inline"))
    assert export_archive(db, [storage], tmp_path / "all", dry_run=True).tasks == 1
    assert storage.lists == 0


def test_a_look_takes_no_failure_for_a_lost_blob(tmp_path: Path) -> None:
    class Away(MemoryStorage):
        def iter_keys(self) -> Iterator[BlobInfo]:
            raise bs.StorageError("no answer")

        def open(self, location: str, /) -> Any:
            raise bs.StorageError("no answer")

    db, there = MemoryTaskDB(), MemoryStorage()
    db.put(in_blob(there, 1))
    assert export_archive(db, [Away(), there], tmp_path / "all", dry_run=True).tasks == 1
    with pytest.raises(bs.StorageError, match="no answer"):
        export_archive(db, [Away()], tmp_path / "all", dry_run=True)
