import asyncio
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.connections import MAX_OPEN
from beautyspot.db.kept import Execute
from beautyspot.db.patience import LOOP_PATIENCE_S
from beautyspot.db.replacement import inode, set_aside
from beautyspot.errors import CacheWarning, StorageError
from beautyspot.records import Activity, Entry
from beautyspot.testing.task_db import NOON, task

KEY = "0a" * 16
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")


def files_open(path: Path) -> int:
    links = [Path(f"/proc/self/fd/{number}") for number in range(2000)]
    return sum(str(link.readlink()).startswith(str(path)) for link in links if link.is_symlink())


def in_child(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid == 0:
        signal.alarm(120)
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_nothing_is_opened_or_made_before_the_first_use(tmp_path: Path) -> None:
    SQLiteTaskDB(tmp_path / "new" / "a.db")
    assert list(tmp_path.iterdir()) == []


def test_the_path_is_of_the_folder_where_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    db = SQLiteTaskDB("a.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    db.put(task())
    db.close()
    assert (tmp_path / "a.db").exists()


def test_file_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "outer" / "new" / "a.db")
    db.put(task())
    assert db.locks.try_acquire(KEY)
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.rglob("*")}
    assert (modes.pop("outer"), modes.pop("new")) == (0o700, 0o700)
    assert modes == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm", "a.db-locks"), 0o600)
    db.close()


def test_close_leaves_no_wal_behind(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.put(task())
    db.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"]


@needs_proc
def test_a_dropped_database_leaves_no_file_open(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(db.put, [task(f"{number:02x}") for number in range(40)]))
        assert db.locks.try_acquire(KEY)
        assert files_open(tmp_path) > 2
        del db
        gc.collect()
        assert files_open(tmp_path) == 0


@needs_proc
def test_a_thread_that_ends_gives_its_connection_to_the_next(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.put(task())
    for _ in range(20):
        thread = threading.Thread(target=db.get, args=(KEY,))
        thread.start()
        thread.join()
    assert files_open(tmp_path) <= 5
    db.close()


@needs_proc
def test_more_threads_than_connections_share_them(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.put(task())
    count, together = 300, threading.Barrier(301)
    hits: list[Entry | None] = []

    def hit() -> None:
        hits.append(db.get(KEY))
        together.wait(60)  # all are alive at once
        together.wait(60)

    threads = [threading.Thread(target=hit) for _ in range(count)]
    for thread in threads:
        thread.start()
    together.wait(60)
    opened = files_open(tmp_path)
    together.wait(60)
    for thread in threads:
        thread.join()
    assert len(hits) == count
    assert None not in hits
    assert opened <= 2 * MAX_OPEN + 2
    db.close()


@contextmanager
def shut_out(db: SQLiteTaskDB) -> Iterator[sqlite3.Connection]:
    """Hold the file of `db`, in which `task()` lies, so that nobody can read it until what is yielded is closed."""
    db.put(task())
    db.close()
    with closing(sqlite3.connect(db.path, check_same_thread=False)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield other


def test_a_lock_that_shuts_readers_out_is_waited_for_once_and_its_end_is_noticed(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=1)) as db, shut_out(db) as other:
        start_s = time.monotonic()
        for _ in range(5):
            with pytest.raises(StorageError, match="locked"):
                db.get(KEY)
        assert time.monotonic() - start_s < 4
        other.close()
        assert db.get(KEY) is not None


@pytest.mark.slow
def test_a_read_outwaits_a_stalled_disk_but_for_an_event_loop(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=60)) as db, shut_out(db) as other:

        async def get() -> None:
            db.get(KEY)

        with pytest.raises(StorageError, match="locked"):
            asyncio.run(get())
        timer = threading.Timer(LOOP_PATIENCE_S + 0.5, other.close)
        with closing(SQLiteTaskDB(db.path, busy_timeout_s=60)) as patient:
            timer.start()
            assert patient.get(KEY) is not None
        timer.join()


@needs_fork
def test_a_child_reads_and_writes_on_connections_of_its_own(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.put(task())

    def child() -> bool:
        db.put(task("0b", tags=("child",)))
        return db.get(KEY) is not None and db.get("0b") is not None

    assert in_child(child) == 0
    assert db.get("0b") is not None
    db.put(task("0c"))
    assert in_child(lambda: db.get("0c") is not None) == 0
    db.close()


@needs_fork
@pytest.mark.slow
def test_a_fork_waits_for_a_write_on_a_stalled_disk(tmp_path: Path) -> None:
    begun = threading.Event()

    def stall(execute: Execute) -> None:
        execute("BEGIN IMMEDIATE")
        begun.set()
        time.sleep(6)
        execute("COMMIT")

    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(task())
        writer = threading.Thread(target=db._connections.write, args=(stall,))
        writer.start()
        begun.wait()
        assert in_child(lambda: db.put(task("0b")) or db.get("0b") is not None) == 0
        writer.join()


@needs_fork
def test_forks_while_other_threads_write_neither_hang_nor_lose(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    stop = threading.Event()

    def write(thread: int) -> int:
        number = 0
        while not stop.is_set():
            db.put(task(f"{thread}-{number}"))
            number += 1
        return number

    with ThreadPoolExecutor(3) as threads:
        writers = [threads.submit(write, thread) for thread in range(3)]
        codes = [
            in_child(lambda n=n: db.put(task(f"child-{n}")) or db.get(f"child-{n}") is not None) for n in range(10)
        ]
        stop.set()
        counts = [writer.result() for writer in writers]
    assert codes == [0] * 10
    assert all(db.get(f"{thread}-{counts[thread] - 1}") is not None for thread in range(3))
    assert all(db.get(f"child-{number}") is not None for number in range(10))
    db.close()


@needs_fork
def test_the_parents_locks_outlive_a_child_that_used_the_database(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.put(task())
    in_child(lambda: db.put(task("0b")) is None and (db.close() is None))
    code = f"""
import sqlite3
connection = sqlite3.connect({str(tmp_path / "a.db")!r}, timeout=0)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("PRAGMA journal_mode = DELETE")
"""
    db.get(KEY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr
    db.close()


def test_a_file_deleted_under_us_is_made_again_by_the_next_write(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "sub" / "a.db")
    db.put(task())
    for file in (tmp_path / "sub").iterdir():
        file.unlink()
    (tmp_path / "sub").rmdir()
    with pytest.warns(CacheWarning, match="was deleted or replaced while it was in use"):
        db.put(task("0b"))
    db.put(task("0c"))
    db.close()
    again = SQLiteTaskDB(tmp_path / "sub" / "a.db")
    assert again.get("0b") is not None
    again.close()


def test_a_file_replaced_under_us_is_the_one_that_is_written(tmp_path: Path) -> None:
    db, other = SQLiteTaskDB(tmp_path / "a.db"), SQLiteTaskDB(tmp_path / "b.db")
    db.put(task())
    other.put(task("0b", updated_at=NOON))
    other.close()
    for name in ("a.db-wal", "a.db-shm"):
        (tmp_path / name).unlink()
    (tmp_path / "b.db").replace(tmp_path / "a.db")
    with pytest.warns(CacheWarning, match="was deleted or replaced"):
        db.put(task("0c"))
    assert db.get("0b") is not None
    assert db.get("0c") is not None
    assert db.get(KEY) is None
    db.close()


def test_a_thread_that_comes_after_a_file_was_deleted_tells_of_it(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db, ThreadPoolExecutor(1) as threads:
        db.put(task())
        for file in tmp_path.iterdir():
            file.unlink()
        with pytest.warns(CacheWarning, match="was deleted or replaced"):
            threads.submit(db.put, task("0b")).result()
        db.put(task("0c"))


def test_counts_that_find_their_file_deleted_leave_the_telling_to_the_next_result(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(task())
        for file in tmp_path.iterdir():
            file.unlink()
        db.add_activity([Activity("f", NOON, 1, 0, 0, 0.0, 0.0, 0, 0)])
        with pytest.warns(CacheWarning, match="was deleted or replaced"):
            db.put(task("0b"))


def test_a_file_that_was_set_aside_is_not_told_of_as_deleted(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(SQLiteTaskDB(path)) as db:
        db.put(task())
        assert set_aside(str(path), inode(str(path)))
        db.put(task("0b"))
        assert db.get("0b") is not None


@pytest.mark.slow
def test_many_processes_make_one_file_at_once(tmp_path: Path) -> None:
    code = """
import sys
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Entry
from beautyspot.testing.task_db import task
for line in sys.stdin:
    db = SQLiteTaskDB(line.strip())
    db.put(task(sys.argv[1]))
    assert db.get(sys.argv[1]) is not None
    db.close()
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, f"{number:02x}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for number in range(8)
    ]
    for number in range(20):
        for child in children:
            assert child.stdin is not None
            child.stdin.write(f"{tmp_path / str(number)}.db\n")
    errors = [child.communicate(timeout=60)[1] for child in children]
    assert errors == [""] * 8
    for number in range(20):
        db = SQLiteTaskDB(tmp_path / f"{number}.db")
        assert all(db.get(f"{child:02x}") is not None for child in range(8))
        db.close()


def test_a_write_into_a_file_that_was_set_aside_meanwhile_is_done_again_in_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(SQLiteTaskDB(path)) as db:
        db.put(task("a0"))

        def put(execute: Execute) -> None:
            execute("INSERT INTO limits (name, tat_s) VALUES ('x', 1.0)")
            if not path.with_name("a.db.damaged-1").exists():
                assert set_aside(str(path), inode(str(path)))

        db._connections.write(put, keeps_result=True)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM limits").fetchall() == [("x",)]
