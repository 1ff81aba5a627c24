import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.migrations import STEPS, Borrowed
from beautyspot.db.migrations.versions.v0001_the_house import TASKS
from beautyspot.errors import StorageError
from beautyspot.records import Entry, LimitRate, TaskFilter
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

DAY = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
RELEASES = {
    "0.3.1": (
        (
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        ),
        "ALTER TABLE tasks ADD COLUMN content_type TEXT",
        "ALTER TABLE tasks ADD COLUMN version TEXT",
        (
            "INSERT INTO tasks (cache_key, func_name, input_id, result_type, result_value, version, updated_at) "
            "VALUES ('k1', 'price', 'i1', 'DIRECT', '[1, 2]', '1', '2024-05-06 07:08:09')"
        ),
        (
            "INSERT INTO tasks (cache_key, func_name, input_id, result_type, result_value, updated_at) "
            "VALUES ('k2', 'stock', 'i2', 'FILE', './blobs/k2.pkl', '2024-05-06 07:08:08')"
        ),
    ),
    "1.0.0": (
        (
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, content_type TEXT, version TEXT, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        ),
        "INSERT INTO tasks VALUES ('k1', 'price', 'i1', 'DIRECT', '[1, 2]', NULL, '1', '2024-05-06 07:08:09')",
        "INSERT INTO tasks VALUES ('k2', 'stock', 'i2', 'FILE', './blobs/k2.bin', NULL, NULL, '2024-05-06 07:08:08')",
    ),
    "2.4.1": (
        (
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, result_data BLOB, content_type TEXT, version TEXT, "
            "updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        ),
        (
            "INSERT INTO tasks VALUES ('k1', 'price', 'i1', 'DIRECT_BLOB', NULL, x'9201', 'text/plain', '1', "
            "'2024-05-06 07:08:09')"
        ),
        "INSERT INTO tasks VALUES ('k2', 'stock', 'i2', 'FILE', 'b/k2.bin', NULL, NULL, NULL, '2024-05-06 07:08:08')",
    ),
    "2.7.6": (
        (
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, func_identifier TEXT, input_id TEXT, "
            "result_type TEXT, result_value TEXT, result_data BLOB, content_type TEXT, version TEXT, "
            "expires_at TIMESTAMP, updated_at TIMESTAMP)"
        ),
        "CREATE INDEX idx_func_identifier ON tasks (func_identifier)",
        "CREATE INDEX idx_expires_at ON tasks (expires_at)",
        (
            "INSERT INTO tasks VALUES ('k1', 'price', 'shop.price', 'i1', 'DIRECT_BLOB', NULL, x'9201', NULL, '1', "
            "'2024-05-07 09:08:09.000000+02:00', '2024-05-06 07:08:09.000000+00:00')"
        ),
        (
            "INSERT INTO tasks VALUES ('k2', 'stock', NULL, 'i2', 'FILE', 'k2.bin', NULL, NULL, NULL, NULL, "
            "'2024-05-06 07:08:08.000000+00:00')"
        ),
    ),
}


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def path(tmp_path: Path, release: str) -> Path:
    return write(tmp_path / "old.db", *RELEASES[release])


def write(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    for statement in ("PRAGMA journal_mode = WAL", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def read(path: Path, statement: str) -> list[tuple]:
    connection = sqlite3.connect(path)
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


def test_an_older_file_gives_its_entries_and_loses_nothing(path: Path, release: str) -> None:
    kept = "cache_key, input_id, result_type, result_value, content_type, version"
    before = read(path, f"SELECT {kept} FROM tasks")
    db = SQLiteTaskDB(path)
    entry = db.get("k1")
    assert isinstance(entry, Entry)
    assert entry.elapsed_s is None
    assert (entry.result_value, entry.result_data) == (("[1, 2]", None) if release < "2" else (None, b"\x92\x01"))
    newest, oldest = db.find(TaskFilter())
    assert (newest.cache_key, newest.updated_at, newest.size_bytes) == ("k1", DAY, None)
    assert newest.updated_at > oldest.updated_at
    db.close()
    assert read(path, f"SELECT {kept} FROM tasks") == before
    assert read(path, "PRAGMA integrity_check") == [("ok",)]


def test_the_whole_row_of_an_earlier_release_is_told_from_ours(path: Path) -> None:
    db = SQLiteTaskDB(path)
    old = db.get_legacy("k1")
    assert old is not None
    assert (old.cache_key, old.input_id, old.version, old.updated_at) == ("k1", "i1", "1", DAY)
    assert old.result_data or old.result_value
    db.put(old._replace(size_bytes=2, elapsed_s=0.5))
    assert db.get_legacy("k1") is None
    assert db.get_legacy("unknown") is None
    db.close()


def test_bare_names_are_noted_and_claimed_once(path: Path) -> None:
    db = SQLiteTaskDB(path)
    assert db.holds_legacy()
    assert db.claim_legacy("price", "shop.price") == "shop.price"
    assert db.claim_legacy("price", "other.price") == "shop.price"
    assert db.claim_legacy("unknown", "other.unknown") == "other.unknown"
    db.close()
    assert read(path, "SELECT * FROM legacy_names") == [("price", "shop.price"), ("stock", None)]


def test_an_upgrade_happens_once(path: Path, tmp_path: Path) -> None:
    for _ in range(2):
        db = SQLiteTaskDB(path)
        db.open()
        db.close()
    assert read(path, "SELECT count(*), (SELECT count(*) FROM legacy_names) FROM tasks") == [(2, 2)]
    fresh = SQLiteTaskDB(tmp_path / "fresh.db")
    assert not fresh.holds_legacy()
    fresh.close()


def test_the_zone_of_release_2_7_is_minded(tmp_path: Path) -> None:
    db = SQLiteTaskDB(write(tmp_path / "old.db", *RELEASES["2.7.6"]))
    entry = db.get("k1")
    assert entry is not None
    assert entry.expires_at == DAY.replace(day=7)
    assert [(found.cache_key, found.func_name) for found in db.find(TaskFilter(function="shop.price"))] == [
        ("k1", "shop.price")
    ]
    db.close()


def test_rows_that_no_release_wrote_are_kept_readable(tmp_path: Path) -> None:
    odd = (
        *RELEASES["2.4.1"][:1],
        "INSERT INTO tasks (cache_key) VALUES ('bare')",
        "INSERT INTO tasks VALUES ('odd', x'ff', 5, 'WHAT', 7, 'text', x'00', 2, 'yesterday')",
        "INSERT INTO tasks VALUES (NULL, 'f', 'i', 'DIRECT_BLOB', NULL, NULL, NULL, NULL, NULL)",
    )
    db = SQLiteTaskDB(write(tmp_path / "old.db", *odd))
    assert db.get("bare") == Entry("", None, None, None, None)
    entry = db.get("odd")
    assert entry is not None
    assert (entry.result_type, entry.result_data) == ("WHAT", b"text")
    assert all(found.updated_at.year > 2020 for found in db.find(TaskFilter()))
    db.close()


def write_revision(revision: int, path: Path) -> Path:
    """Write a file as this house did when its schema had that revision."""
    connection = sqlite3.connect(path, isolation_level=None)
    engine = create_engine("sqlite://", creator=lambda: Borrowed(connection), poolclass=StaticPool)
    with engine.connect() as sql:
        for step in range(1, revision + 1):
            STEPS[step](Operations(MigrationContext.configure(sql)), sql)
    connection.execute("PRAGMA journal_mode = WAL")
    row = ("k1", "shop.price", "i1", "DIRECT_BLOB", None, b"\x92\x01", None, "1", str(DAY)[:19], None, 2, 0.5, 7)
    connection.execute(f"INSERT INTO tasks ({', '.join(TASKS)}) VALUES ({', '.join('?' * len(row))})", row)
    connection.execute("INSERT INTO tags VALUES ('red', 'k1')")
    connection.execute("INSERT INTO limits (name, tat_s) VALUES ('api', 1000.5)")
    connection.execute(f"PRAGMA user_version = {revision}")
    connection.close()
    return path


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_a_file_of_an_earlier_revision_keeps_its_rows_tags_and_limits(tmp_path: Path, revision: int) -> None:
    path = write_revision(revision, tmp_path / "old.db")
    db = SQLiteTaskDB(path)
    assert db.get("k1") == Entry("DIRECT_BLOB", b"\x92\x01", None, None, 0.5, 7)
    (found,) = db.find(TaskFilter(tags=("red",)))
    assert (found.func_name, found.updated_at, found.compression) == ("shop.price", DAY, None)
    db.put(found._replace(cache_key="k2", compression="zstd"))
    assert [task.compression for task in db.find(TaskFilter())] == ["zstd", None]
    assert not db.holds_legacy()
    assert db.note_limit_rate("api", LimitRate(60.0, 1.0)) is None
    db.note_origin("0a", "/srv/main.py")
    assert db.origin("0a") == "/srv/main.py"
    db.close()
    assert read(path, "SELECT * FROM limits") == [("api", 1000.5, 60.0, 1.0)]


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_a_file_of_an_earlier_revision_that_cannot_be_written_is_read(
    tmp_path: Path, revision: int, without_power: Callable[..., str]
) -> None:
    path = write_revision(revision, tmp_path / "old.db")
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    code = """
import sys
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import TaskFilter
db = SQLiteTaskDB(sys.argv[1])
print(db.get("k1") is not None, [task.tags for task in db.find(TaskFilter())], db.holds_legacy(), db.origin("0a"))
db.close()
"""
    out = without_power(code, str(path))
    tmp_path.chmod(0o700)
    assert out == "True [('red',)] False None\n"


def test_an_upgrade_that_fails_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    clash = (*RELEASES["1.0.0"], "CREATE TABLE limits (mine TEXT)")
    path = write(tmp_path / "old.db", *clash)
    before = read(path, "SELECT name, sql FROM sqlite_master"), read(path, "SELECT * FROM tasks")
    with pytest.raises(StorageError):
        SQLiteTaskDB(path).open()
    assert (read(path, "SELECT name, sql FROM sqlite_master"), read(path, "SELECT * FROM tasks")) == before


CRASH = """
import os, sqlite3, sys
from beautyspot.db import migrations
from beautyspot.db.migrations.versions import v0001_the_house as step
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # so that changes reach the disk before the commit
connection.execute("BEGIN IMMEDIATE")
migrations.upgrade(connection)
os._exit(7)
"""


def test_a_crash_before_the_commit_leaves_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path / "old.db", *RELEASES["2.4.1"])
    before = read(path, "SELECT * FROM tasks")
    assert subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False).returncode == 7
    assert read(path, "SELECT * FROM tasks") == before
    assert read(path, "PRAGMA user_version") == [(0,)]
    db = SQLiteTaskDB(path)
    assert db.get("k1") is not None
    db.close()


@pytest.mark.slow
def test_processes_that_open_an_older_file_at_once_all_hit(tmp_path: Path) -> None:
    path = write(tmp_path / "old.db", *RELEASES["2.4.1"])
    code = (
        "import sys; from beautyspot.db import open_db; db = open_db(sys.argv[1]); print(db.get('k1')[1]); db.close()"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [child.communicate(timeout=60)[0] for child in children] == ["b'\\x92\\x01'\n"] * 4
    assert read(path, "SELECT count(*), (SELECT count(*) FROM legacy_names) FROM tasks") == [(2, 2)]


def test_an_older_file_that_cannot_be_written_is_read_as_it_is(path: Path, without_power: Callable[..., str]) -> None:
    path.chmod(0o400)
    path.parent.chmod(0o500)
    code = """
import sys
from collections.abc import Callable
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import TaskFilter
db = SQLiteTaskDB(sys.argv[1])
print(db.get("k1") is not None, db.holds_legacy(), db.claim_legacy("price", "shop.price"))
db.close()
"""
    out = without_power(code, str(path))
    path.parent.chmod(0o700)
    assert out == "True True shop.price\n"
