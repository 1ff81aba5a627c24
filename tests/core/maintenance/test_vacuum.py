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


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_is_not_there_is_refused_and_not_made(tmp_path: Path, dry_run: bool) -> None:
    with pytest.raises(bs.ConfigurationError, match="no database at"):
        vacuum(tmp_path / "typo.db", dry_run=dry_run)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("root:x:0:0\n" * 99)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE something (a)")
    before = (tmp_path / "other.db").read_bytes()
    for name in ("text", "other.db"):
        with pytest.raises(bs.ConfigurationError, match=r"give another path$"):
            vacuum(tmp_path / name)
    assert (tmp_path / "other.db").read_bytes() == before


def test_the_path_may_be_text(kept: Any) -> None:
    kept.fill(3)
    assert vacuum(str(kept.path)).after_bytes > 0


@pytest.fixture
def old(kept: Any) -> Any:
    """A store whose file was made by a release that gave no space back."""
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("CREATE TABLE something (a)")
        connection.execute("DROP TABLE something")
    kept.fill(200)
    assert kept.ask("PRAGMA auto_vacuum") == [(0,)]
    return kept


def test_a_file_of_an_earlier_release_is_written_anew_once_and_then_shrinks_in_steps(old: Any) -> None:
    old.ask("DELETE FROM tasks WHERE rowid < 100")
    assert vacuum(old.path).freed_bytes > 100_000
    assert old.ask("PRAGMA auto_vacuum") == [(2,)]
    old.ask("DELETE FROM tasks")
    told: list[int] = []
    assert vacuum(old.path, progress=told.append).freed_bytes > 100_000
    assert told
    assert old.ask("PRAGMA freelist_count") == [(0,)]


@pytest.mark.parametrize("made_by", ["old", "kept"])
def test_rows_keep_their_numbers_which_the_counters_stand_on(request: pytest.FixtureRequest, made_by: str) -> None:
    kept = request.getfixturevalue(made_by)
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
    kept.fill(50)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        other.execute("DELETE FROM tasks")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(bs.StorageError, match="another process holds it"):
            vacuum(kept.path, busy_timeout_s=0.01)


def test_noise_where_a_spot_was_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"noise" * 1000)
    (tmp_path / "a.db-locks").touch()
    with pytest.raises(bs.StorageError, match="not a database"):
        vacuum(tmp_path / "a.db")
