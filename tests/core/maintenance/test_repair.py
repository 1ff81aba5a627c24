"""Repair: what can't be read goes, the rest stays, and so does what was there before."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import Repaired, repair, verify
from beautyspot.records import TaskFilter

PAGE_BYTES = 4096
GONE = "cache_key IN (SELECT cache_key FROM tasks WHERE result_type = 'DIRECT_BLOB' LIMIT 2)"


def count(kept: Any) -> int:
    return kept.ask("SELECT count(*) FROM tasks")[0][0]


def is_sound(kept: Any) -> bool:
    with Catalog.open(kept.path) as catalog:
        return verify(catalog, [kept.blobs]).is_sound


def test_a_sound_store_is_left_as_it_is(kept: Any) -> None:
    kept.fill(5)
    before = kept.path.read_bytes()
    assert repair(kept.path, [kept.blobs]) == Repaired(7, 0, 0, ())
    assert kept.path.read_bytes() == before


def test_a_malformed_file_may_be_given_by_its_bare_name(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.fill(400)
    kept.overwrite_pages(0.5)
    monkeypatch.chdir(kept.path.parent)
    would = repair("test.db", [kept.blobs], dry_run=True)
    done = repair("test.db", [kept.blobs])
    assert (done.salvaged, done.dropped) == (would.salvaged, would.dropped)
    assert (Path("test.db.salvaged-1").is_file(), is_sound(kept)) == (True, True)


def test_the_path_may_be_text(kept: Any) -> None:
    kept.fill(5)
    assert repair(str(kept.path), [kept.blobs]).kept == 7


def test_damaged_rows_go_once_there_is_a_copy(kept: Any) -> None:
    kept.fill(5)
    kept.ask(f"UPDATE tasks SET result_data = x'c1' WHERE {GONE}")
    would = repair(kept.path, [kept.blobs], dry_run=True)
    assert (would.kept, would.dropped, would.copies) == (5, 2, ())
    keys = {row[0] for row in kept.ask("SELECT cache_key FROM tasks WHERE result_data = x'c1'")}
    assert (set(would.keys), would.size_bytes > 0) == (keys, True)
    assert count(kept) == 7
    done = repair(kept.path, [kept.blobs])
    assert (done.kept, done.dropped, count(kept), is_sound(kept)) == (5, 2, 5, True)
    with closing(sqlite3.connect(done.copies[0])) as copy:
        assert copy.execute("SELECT count(*) FROM tasks").fetchone() == (7,)
    assert Path(done.copies[0]).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kind", ["DIRECT_BLOB", "FILE"])
def test_a_row_that_lies_about_its_size_is_mended_and_its_value_kept(kept: Any, kind: str) -> None:
    kept.fill(3)
    rows = "SELECT * FROM tasks LEFT JOIN tags USING (cache_key) ORDER BY cache_key"
    before = kept.ask(rows)
    kept.ask(f"UPDATE tasks SET size_bytes = 1000000000000000 WHERE result_type = '{kind}'")
    would = repair(kept.path, [kept.blobs], dry_run=True)
    done = repair(kept.path, [kept.blobs])
    assert (done.kept, done.dropped, done.mended) == (would.kept, would.dropped, would.mended)
    assert (done.dropped, done.mended) == (0, 3 if kind == "DIRECT_BLOB" else 2)
    assert kept.ask(rows) == before
    with closing(sqlite3.connect(done.copies[0])) as copy:
        assert copy.execute("SELECT max(size_bytes) FROM tasks").fetchone() == (10**15,)


def test_a_mending_that_ends_half_way_loses_no_result(kept: Any) -> None:
    kept.fill(1)
    kept.ask("UPDATE tasks SET size_bytes = -5")
    kept.ask("CREATE TRIGGER stop BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'stop'); END")
    with pytest.raises(bs.StorageError, match="stop"):
        repair(kept.path, [kept.blobs])
    assert count(kept) == 3
    kept.ask("DROP TRIGGER stop")
    assert (repair(kept.path, [kept.blobs]).mended, is_sound(kept)) == (3, True)


def test_a_row_whose_blob_can_not_be_had_is_left_to_clean(kept: Any) -> None:
    kept.fill(1)
    for blob in Path(kept.blobs.root).rglob("*.bin"):
        blob.unlink()
    assert repair(kept.path, [kept.blobs]).dropped == 0
    assert count(kept) == 3


@pytest.mark.parametrize(("share", "pages"), [(0.5, 1), (0.3, 3), (0.8, 1)])
def test_a_malformed_file_is_salvaged_as_far_as_it_can_be_read(kept: Any, share: float, pages: int) -> None:
    kept.fill(400)
    with closing(SQLiteTaskDB(kept.path)) as db:
        before = {task.cache_key: task for task in db.find(TaskFilter())}
    kept.overwrite_pages(share, pages)
    done = repair(kept.path, [kept.blobs])
    assert 402 > done.salvaged > 330
    assert done.salvaged + done.dropped == 402
    assert (count(kept), is_sound(kept)) == (done.kept, True)
    with closing(SQLiteTaskDB(kept.path)) as db:
        after = {task.cache_key: task for task in db.find(TaskFilter())}
        assert all(before[key] == task._replace(tags=before[key].tags) for key, task in after.items())
    assert Path(done.copies[0]).name == "test.db.salvaged-1"
    assert kept.ask("SELECT sum(hits) FROM activity")[0][0] == 1


def test_what_was_salvaged_once_does_not_come_back(kept: Any) -> None:
    kept.fill(400)
    kept.overwrite_pages(0.5)
    repair(kept.path, [kept.blobs])
    kept.ask("DELETE FROM tasks")
    assert repair(kept.path, [kept.blobs]).kept == 0


def test_what_a_program_set_aside_is_salvaged_beside_what_is_new(kept: Any) -> None:
    kept.fill(40)
    kept.path.rename(kept.path.with_name("test.db.damaged-1"))
    kept.fill(1, inline=lambda number: "new")
    done = repair(kept.path, [kept.blobs])
    assert (count(kept), is_sound(kept)) == (43, True)
    assert done.salvaged == 40
    assert kept.ask("SELECT count(*) FROM tags")[0][0] == 41


def test_what_a_program_brought_over_itself_does_not_come_back(kept: Any) -> None:
    kept.fill(3)
    kept.path.rename(kept.path.with_name("test.db.damaged-2.read"))
    kept.fill(1, inline=lambda number: "new")
    kept.ask("DELETE FROM tasks")
    done = repair(kept.path, [kept.blobs])
    assert (done.salvaged, count(kept), Path(done.copies[0]).name) == (0, 0, "test.db.salvaged-2")


def test_a_flipped_bit_in_the_name_of_a_counter_holds_no_result_up(kept: Any) -> None:
    kept.fill(5)
    kept.ask("PRAGMA wal_checkpoint(TRUNCATE)")
    ((root,),) = kept.ask("SELECT rootpage FROM sqlite_master WHERE name = 'tasks_by_function'")
    data = bytearray(kept.path.read_bytes())
    data[data.index(b"errors") + 5] ^= 0x40
    data[(root - 1) * PAGE_BYTES : root * PAGE_BYTES] = b"\xff" * PAGE_BYTES
    kept.path.write_bytes(data)
    assert (repair(kept.path, [kept.blobs]).salvaged, is_sound(kept)) == (7, True)
    assert kept.ask("SELECT sum(hits) FROM activity") == [(1,)]


@pytest.mark.parametrize("table", ["activity", "uses"])
def test_counters_that_can_not_be_read_hold_no_result_up_and_are_told_of(kept: Any, table: str) -> None:
    kept.fill(5)
    kept.ask("PRAGMA wal_checkpoint(TRUNCATE)")
    ((root,),) = kept.ask(f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")
    data = bytearray(kept.path.read_bytes())
    data[(root - 1) * PAGE_BYTES : root * PAGE_BYTES] = b"\xff" * PAGE_BYTES
    kept.path.write_bytes(data)
    done = repair(kept.path, [kept.blobs])
    assert (done.salvaged, done.missed) == (7, (table,))


def test_noise_is_set_aside_and_nothing_is_kept(kept: Any) -> None:
    kept.fill(1)
    kept.path.write_bytes(b"noise" * 10_000)
    assert repair(kept.path, [], dry_run=True).kept == 0
    assert kept.path.read_bytes() == b"noise" * 10_000
    done = repair(kept.path, [])
    assert (done.kept, Path(done.copies[0]).read_bytes()) == (0, b"noise" * 10_000)
    assert count(kept) == 0


def test_rows_of_an_earlier_release_still_find_their_function(kept: Any) -> None:
    kept.fill(3)
    kept.ask("UPDATE tasks SET size_bytes = NULL, elapsed_s = NULL, checksum = NULL, func_name = 'load'")
    kept.path.rename(kept.path.with_name("test.db.damaged-1"))
    kept.path.write_bytes(b"")
    with pytest.warns(bs.CacheReadWarning, match="is empty, though"):
        repair(kept.path, [kept.blobs])
    assert kept.ask("SELECT func_name FROM legacy_names") == [("load",)]


def test_a_file_of_another_program_is_refused_and_left(tmp_path: Path) -> None:
    for content in (b"My thesis\n" * 1000, b"SQLite format 3\0" + b"noise" * 1000):
        (tmp_path / "thesis.txt").write_bytes(content)
        with pytest.raises(bs.ConfigurationError, match="nothing says that beautyspot made it"):
            repair(tmp_path / "thesis.txt", [])
        assert [file.read_bytes() for file in tmp_path.iterdir()] == [content]


def test_no_file_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(bs.ConfigurationError, match="no database"):
        repair(tmp_path / "a.db", [])
