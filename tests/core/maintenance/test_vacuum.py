"""Giving space back."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import prune, vacuum
from beautyspot.records import TaskFilter


def test_the_file_shrinks_and_what_is_left_is_whole(kept: Any) -> None:
    kept.fill(400)
    with closing(SQLiteTaskDB(kept.path)) as db:
        prune(db, kept.blobs, max_bytes=100_000)
        left, size_bytes = list(db.find(TaskFilter())), db.upkeep.size_bytes()
    said = vacuum(kept.path, dry_run=True)
    done = vacuum(kept.path)
    assert done.after_bytes < 0.4 * done.before_bytes
    assert abs(said.freed_bytes - done.freed_bytes) < 0.1 * done.freed_bytes
    with closing(SQLiteTaskDB(kept.path)) as db:
        assert (list(db.find(TaskFilter())), db.upkeep.size_bytes()) == (left, size_bytes)
    assert kept.ask("PRAGMA integrity_check") == [("ok",)]


def test_rows_keep_their_numbers_which_the_counters_stand_on(kept: Any) -> None:
    kept.fill(200)
    kept.ask("DELETE FROM tasks WHERE rowid % 3 = 0")
    before = kept.ask("SELECT rowid, cache_key FROM tasks ORDER BY rowid")
    vacuum(kept.path)
    assert kept.ask("SELECT rowid, cache_key FROM tasks ORDER BY rowid") == before


def test_a_spot_goes_on_meanwhile_and_afterwards(kept: Any) -> None:
    kept.fill(50)
    with bs.Spot("test", db=kept.path, storage=kept.blobs) as spot:
        assert spot.run(str, 5) == "5"
        vacuum(kept.path)
        assert (spot.run(str, 5), spot.run(str, 6)) == ("5", "6")


def test_a_file_that_is_held_is_left_with_a_word(kept: Any) -> None:
    kept.fill(1)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(bs.StorageError, match="another process holds it"):
            vacuum(kept.path, busy_timeout_s=0.01)


def test_noise_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"noise" * 1000)
    with pytest.raises(bs.StorageError, match="not a database"):
        vacuum(tmp_path / "a.db")
