import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.replacement import is_hollow, unmoved
from beautyspot.errors import CacheReadWarning, ConfigurationError, NewerFileError, StorageError
from beautyspot.records import Entry, TaskFilter
from beautyspot.testing.task_db import task

KEY = "0a" * 16
Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def db(path: Path) -> Iterator[SQLiteTaskDB]:
    db = SQLiteTaskDB(path, busy_timeout_s=0.1)
    yield db
    db.close()


def raw(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def emptied(path: Path) -> SQLiteTaskDB:
    """Return a database that lost all its content after a first miss had made its locks."""
    with closing(SQLiteTaskDB(path)) as db:
        db.put(task())
        db.locks.try_acquire(KEY)
    os.truncate(path, 0)
    os.utime(f"{path}-locks", (0, 0))
    return SQLiteTaskDB(path)


def test_a_file_that_lost_all_its_content_is_told_of_once(path: Path) -> None:
    with closing(emptied(path)) as db:
        with pytest.warns(CacheReadWarning, match=r"is empty, though .* held results.*put a copy of it back"):
            assert db.get(KEY) is None
        db.put(task())
        assert db.get(KEY) is not None
    with closing(SQLiteTaskDB(path)) as db:
        assert db.get(KEY) is not None


def test_an_empty_file_that_held_nothing_is_begun_without_a_word(path: Path) -> None:
    path.touch()
    with closing(SQLiteTaskDB(path)) as db:
        db.put(task())
        assert db.get(KEY) is not None


def test_a_file_that_could_not_be_begun_is_begun_later_without_a_word(path: Path) -> None:
    path.touch()
    os.utime(path, (0, 0))  # older than the locks of the calls that were made all the same
    with closing(SQLiteTaskDB(path)) as db:
        db.locks.try_acquire(KEY)
        db.put(task())
        assert db.get(KEY) is not None


def test_a_file_whose_tables_another_process_is_making_is_not_told_of(path: Path) -> None:
    path.touch()
    Path(f"{path}-locks").touch()  # as after the database alone was deleted
    os.utime(f"{path}-locks", (0, 0))
    with unmoved(str(path)):
        assert not is_hollow(str(path))
    assert is_hollow(str(path))


@pytest.mark.parametrize("first", [lambda db: db.get(KEY), lambda db: db.put(task())])
def test_a_file_of_noise_is_set_aside_with_one_warning(
    db: SQLiteTaskDB, path: Path, first: Callable[[SQLiteTaskDB], object]
) -> None:
    noise = os.urandom(9000)
    path.write_bytes(noise)
    with pytest.warns(CacheReadWarning, match=r"set aside as '.*a\.db\.damaged-1'.*`beautyspot repair ") as warned:
        first(db)
    db.put(task())
    assert db.get(KEY) is not None
    assert len(warned) == 1
    assert (path.parent / "a.db.damaged-1").read_bytes() == noise


def test_a_file_truncated_under_us_never_kills_the_process_and_heals(db: SQLiteTaskDB, path: Path) -> None:
    for number in range(300):
        db.put(task(f"{number:04x}", result_data=b"x" * 1000))
    db._connections.read(lambda execute: execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
    os.truncate(path, 0)
    for number in range(300):
        db.get(f"{number:04x}")  # what is still in memory, or nothing
    db.put(task())
    assert db.get(KEY) is not None


def test_a_lock_of_another_process_is_waited_for_and_then_an_error(db: SQLiteTaskDB, path: Path) -> None:
    db.put(task())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"locked.*db=SQLiteTaskDB\(path, busy_timeout_s="):
        db.put(task("0b"))
    assert db.get(KEY) is not None
    other.execute("ROLLBACK")
    other.close()
    db.put(task("0b"))


def test_a_put_waits_for_a_lock_that_is_given_back(path: Path) -> None:
    db = SQLiteTaskDB(path, busy_timeout_s=20)
    db.put(task())
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.05, other.execute, ["ROLLBACK"])
    timer.start()
    db.put(task("0b"))
    assert db.get("0b") is not None
    timer.join()
    other.close()
    db.close()


def test_damaged_columns_make_an_odd_entry_and_no_error(db: SQLiteTaskDB, path: Path) -> None:
    db.put(task())
    raw(path, "UPDATE tasks SET expires_at = 'soon', result_data = 'text', elapsed_s = x'00', updated_at = 7")
    entry = db.get(KEY)
    assert isinstance(entry, Entry)
    assert entry.result_data == b"text"
    assert entry.elapsed_s is None
    assert entry.expires_at is not None  # and long ago: a damaged expiry is expired
    assert entry.expires_at.year == 1970
    assert [found.updated_at.year for found in db.find(TaskFilter())] == [1970]


def test_text_that_is_not_unicode_is_a_storage_error(db: SQLiteTaskDB, path: Path) -> None:
    db.put(task())
    raw(path, "UPDATE tasks SET expires_at = CAST(x'ff00fe' AS TEXT)")
    with pytest.raises(StorageError, match="UTF-8"):
        db.get(KEY)
    db.put(task())
    assert db.get(KEY) is not None


@pytest.mark.parametrize("changes", [{"input_id": "\ud800"}, {"size_bytes": 1 << 70}, {"elapsed_s": object()}])
def test_what_sqlite_cannot_hold_is_a_storage_error_and_changes_nothing(db: SQLiteTaskDB, changes: dict) -> None:
    db.put(task(tags=("a",)))
    with pytest.raises(StorageError):
        db.put(task(result_data=b"new", tags=("b",), **changes))
    with pytest.raises(StorageError):
        db.put(task(result_data=b"new", **changes))
    assert [found.tags for found in db.find(TaskFilter())] == [("a",)]
    with pytest.raises(StorageError):
        db.get("\ud800")


def test_a_failing_tag_takes_its_row_back(db: SQLiteTaskDB) -> None:
    with pytest.raises(StorageError):
        db.put(task(tags=("fine", "\ud800")))
    assert db.get(KEY) is None
    db.put(task(tags=("fine",)))
    assert db.get(KEY) is not None


def test_a_file_from_the_future_is_refused_and_left_untouched(path: Path) -> None:
    raw(path, "PRAGMA journal_mode = WAL", "CREATE TABLE tasks (a)", "PRAGMA user_version = 999")
    before = path.read_bytes()
    with pytest.raises(NewerFileError, match=r"revision 999.*upgrade beautyspot"):
        SQLiteTaskDB(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.db"]


def test_a_file_from_the_future_is_refused_while_others_have_it_open(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "CREATE TABLE tasks (a)", "PRAGMA user_version = 999"):
        other.execute(statement)
    with pytest.raises(NewerFileError):
        SQLiteTaskDB(path)
    other.close()


FOREIGN = [
    ("CREATE TABLE tasks (id INTEGER, title TEXT)",),
    ("CREATE TABLE mail (id INTEGER)", "PRAGMA user_version = 2"),
    ("PRAGMA journal_mode = WAL", "CREATE TABLE mail (id INTEGER)", "PRAGMA user_version = 999"),
]


@pytest.mark.parametrize("statements", FOREIGN)
def test_a_file_of_another_program_is_refused_and_left_untouched(path: Path, statements: tuple[str, ...]) -> None:
    raw(path, *statements)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"a\.db' .* of another program.*give another path") as refused:
        SQLiteTaskDB(path)
    assert not isinstance(refused.value, NewerFileError)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.db"]


@pytest.mark.parametrize("statements", FOREIGN)
def test_a_file_of_another_program_that_came_later_is_left_untouched(
    db: SQLiteTaskDB, path: Path, statements: tuple[str, ...]
) -> None:
    raw(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        db.put(task())
    with pytest.raises(StorageError, match="another program"):
        db.get(KEY)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_and_never_was_ours_is_refused(path: Path) -> None:
    path.write_bytes(b"\x89PNG and so on" * 900)
    with pytest.raises(ConfigurationError, match=r"a\.db' is no SQLite database.*give another path"):
        SQLiteTaskDB(path)
    assert [file.name for file in path.parent.iterdir()] == ["a.db"]


def test_an_empty_database_of_another_program_is_a_fresh_one(path: Path) -> None:
    raw(path, "PRAGMA journal_mode = WAL")
    db = SQLiteTaskDB(path)
    db.put(task())
    assert db.get(KEY) is not None
    db.close()


def test_an_empty_file_is_a_fresh_one(db: SQLiteTaskDB, path: Path) -> None:
    path.touch()
    db.put(task())
    assert db.get(KEY) is not None


def test_a_path_that_cannot_be_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="another path"):
        SQLiteTaskDB(tmp_path / "file" / "a.db").get(KEY)
    with pytest.raises(StorageError, match="another path"):
        SQLiteTaskDB(tmp_path).put(task())


READ_ONLY = """
import os, sys
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import StorageError
from beautyspot.testing.task_db import task
db = SQLiteTaskDB(sys.argv[1])
print(db.get("0a" * 16) is not None, db.holds_legacy(), db.claim_legacy("price", "shop.price"))
try:
    db.put(task("0b"))
except StorageError as error:
    print("writable" in str(error), db.get("0a" * 16) is not None)
os.chmod(os.path.dirname(sys.argv[1]), 0o700)
for name in os.listdir(os.path.dirname(sys.argv[1])):
    os.chmod(os.path.join(os.path.dirname(sys.argv[1]), name), 0o600)
db.put(task("0b"))
print(db.get("0b") is not None)
db.close()
"""


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_what_cannot_be_written_still_gives_hits_and_heals(
    tmp_path: Path, without_power: Run, file_mode: int, folder_mode: int
) -> None:
    path = tmp_path / "sub" / "a.db"
    db = SQLiteTaskDB(path)
    db.put(task())
    db.close()
    path.chmod(file_mode)
    path.parent.chmod(folder_mode)
    assert without_power(READ_ONLY, str(path)) == "True False shop.price\nTrue True\nTrue\n"


FULL = """
import resource, signal, sys
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import StorageError
from beautyspot.testing.task_db import task
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
db = SQLiteTaskDB(sys.argv[1])
db.put(task())
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
kept = 0
try:
    for kept in range(1000):
        db.put(task(f"{kept:04x}", result_data=bytes(5000), tags=("big",)))
except StorageError as error:
    print("another path" in str(error))
print(all(db.get(f"{number:04x}") is not None for number in range(kept)), db.get(f"{kept:04x}"), kept > 10)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
db.put(task("0b"))
print(db.get("0b") is not None)
db.close()
"""


def test_a_full_disk_is_an_error_that_loses_nothing_and_heals(path: Path) -> None:
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "True\nTrue None True\nTrue\n"


def test_a_full_disk_costs_no_new_connection_at_each_write(db: SQLiteTaskDB) -> None:
    def limit_pages(count: int) -> None:
        db._connections.read(lambda execute: execute(f"PRAGMA max_page_count = {count}").fetchall())

    db.put(task())
    limit_pages(1)  # this connection alone; SQLite answers as it does on a full disk
    for key in ("one", "another"):
        with pytest.raises(StorageError, match="free some space"):
            db.put(task(key, result_data=b"x" * 100_000, tags=("red",)))
    assert db.get(KEY) is not None
    limit_pages(2**30)
    db.put(task("third", result_data=b"x" * 100_000, tags=("red",)))
    assert [each.cache_key for each in db.find(TaskFilter(tags=("red",)))] == ["third"]
