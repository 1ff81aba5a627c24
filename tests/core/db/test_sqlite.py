import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import ConfigurationError
from beautyspot.records import Activity, Run, TaskFilter
from beautyspot.testing.task_db import NOON, SECOND, task

KEY = "0a" * 16


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    db = SQLiteTaskDB(tmp_path / "a.db")
    yield db
    db.close()


def rows(db: SQLiteTaskDB, statement: str) -> list[tuple]:
    connection = sqlite3.connect(db.path)
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def run(run_id: str = "r1", **changes: object) -> Run:
    plain = Run(
        run_id, None, "t1", "llm", "chat", "small", NOON, 1.5, None, 0.0, "ok", 10, 5, None, 0.25, False, False, KEY,
        None, ("a", "b"), b"\x80",
    )  # fmt: skip
    return plain._replace(**changes)


def test_times_of_any_zone_are_kept_as_sortable_text_in_utc(db: SQLiteTaskDB) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    db.put(task(updated_at=tokyo, expires_at=datetime(2026, 1, 2, tzinfo=UTC)))
    found = rows(db, "SELECT updated_at, expires_at FROM tasks")
    assert found == [("2026-01-02 12:00:00.123456", "2026-01-02 00:00:00.000000")]
    assert [found.updated_at for found in db.find(TaskFilter())] == [NOON]


def test_sqlmodel_reads_what_the_standard_library_wrote(db: SQLiteTaskDB) -> None:
    from beautyspot.schema import RunRow, TaskRow
    from sqlmodel import Session, create_engine, select

    db.put(task(expires_at=NOON + SECOND))
    db.add_runs([run()])
    engine = create_engine(f"sqlite:///{db.path}")
    with Session(engine) as session:
        read = session.exec(select(TaskRow)).one()
        assert (read.updated_at, read.expires_at) == (NOON.replace(tzinfo=None), (NOON + SECOND).replace(tzinfo=None))
        assert session.exec(select(RunRow)).one().tags == ["a", "b"]
    engine.dispose()


def test_a_put_is_there_for_another_process_once_it_returns(db: SQLiteTaskDB) -> None:
    db.put(task(tags=("a",)))
    assert rows(db, "SELECT cache_key, tag FROM tags") == [(KEY, "a")]
    db.put(task())
    assert rows(db, "SELECT count(*) FROM tags") == [(0,)]


def test_activity_of_one_minute_adds_up(db: SQLiteTaskDB) -> None:
    minute = NOON.replace(second=0, microsecond=0)
    db.add_activity([Activity("f", minute, 1, 2, 3, 0.5, 0.25, 4, 5), Activity("g", minute, 1, 0, 0, 0.0, 0.0, 0, 0)])
    db.add_activity([Activity("f", minute, 10, 20, 30, 1.0, 1.0, 40, 50)])
    assert rows(db, "SELECT * FROM activity WHERE func_name = 'f'") == [
        ("f", "2026-01-02 12:00:00.000000", 11, 22, 33, 1.5, 1.25, 44, 55)
    ]


def test_a_run_of_the_same_id_is_replaced(db: SQLiteTaskDB) -> None:
    db.add_runs([run(status="abandoned"), run("r2")])
    db.add_runs([run(cache_hit=True)])
    found = rows(db, "SELECT run_id, status, cache_hit, nested, tags, started_at FROM runs ORDER BY run_id")
    assert [(row[0], row[1], row[2], row[3]) for row in found] == [("r1", "ok", 1, 0), ("r2", "ok", 0, 0)]
    assert json.loads(found[0][4]) == ["a", "b"]
    assert found[0][5] == "2026-01-02 12:00:00.123456"


def test_a_failing_row_takes_the_whole_batch_back(db: SQLiteTaskDB) -> None:
    with pytest.raises(OSError, match="surrogates"):
        db.add_runs([run("r1"), run("r2", name="\ud800")])
    assert rows(db, "SELECT count(*) FROM runs") == [(0,)]


def test_find_reads_in_chunks_and_leaves_no_reader_behind(db: SQLiteTaskDB) -> None:
    for number in range(1100):
        db.put(task(f"{number:04x}", updated_at=NOON + number * SECOND))
    found = db.find(TaskFilter())
    assert next(found).cache_key == f"{1099:04x}"
    connection = sqlite3.connect(db.path)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0  # a reader would be in its way
    connection.close()
    db.delete(f"{number:04x}" for number in range(100))
    assert [int(task.cache_key, 16) for task in found] == list(range(1098, 99, -1))


def test_find_outlives_the_last_other_use_of_its_database(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "b.db")
    db.put(task())
    found = db.find(TaskFilter())
    del db
    assert [task.cache_key for task in found] == [KEY]


def test_history_is_a_data_frame_of_the_newest(db: SQLiteTaskDB) -> None:
    pytest.importorskip("pandas")
    for number in range(3):
        db.put(task(f"{number:02x}", updated_at=NOON + number * SECOND))
    frame = db.get_history(limit=2)
    assert list(frame["cache_key"]) == ["02", "01"]
    assert "result_data" not in frame.columns


def test_history_without_pandas_says_what_to_install(db: SQLiteTaskDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'beautyspot\[data\]'"):
        db.get_history()


@pytest.mark.parametrize("limit", [-1, "x", 1.5, None])
def test_a_history_of_a_wrong_length_is_refused(db: SQLiteTaskDB, limit: object) -> None:
    with pytest.raises(ConfigurationError, match="limit got"):
        db.get_history(limit)  # type: ignore[arg-type]


def test_the_questions_of_lists_and_pruning_use_an_index(db: SQLiteTaskDB) -> None:
    db.open()
    for question, index in (
        ("SELECT cache_key FROM tasks WHERE func_name = 'f' ORDER BY updated_at DESC LIMIT 50", "tasks_by_function"),
        ("SELECT cache_key FROM tasks WHERE expires_at < '2026'", "tasks_by_expiry"),
        ("SELECT tag FROM tags WHERE cache_key = 'k'", "tags_by_key"),
        ("SELECT run_id FROM runs WHERE trace_id = 't'", "runs_by_trace"),
        ("SELECT run_id FROM runs ORDER BY started_at DESC LIMIT 50", "runs_by_start"),
    ):
        plan = " ".join(str(row) for row in rows(db, f"EXPLAIN QUERY PLAN {question}"))
        assert index in plan
        assert "TEMP B-TREE" not in plan


def test_a_thousand_rows_take_little_more_room_than_their_values(db: SQLiteTaskDB) -> None:
    for number in range(1000):
        db.put(task(f"{number:032x}", result_data=bytes(100)))
    db.close()
    assert Path(db.path).stat().st_size / 1000 < 410


@pytest.mark.parametrize("key", [KEY, "none"])
def test_a_read_holds_no_snapshot_and_no_lock_afterwards(db: SQLiteTaskDB, key: str) -> None:
    db.put(task())
    db.put(task("0b"))
    db.get(key)
    assert rows(db, "PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]  # not busy, and nothing left behind


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="sees its own files in /proc")
def test_close_gives_the_file_back_after_a_read_that_failed(db: SQLiteTaskDB) -> None:
    db.put(task())
    rows(db, "PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(db.path, 0)
    assert db.get(KEY) is None
    db.close()
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert [path for path in links if str(path).startswith(db.path)] == []
