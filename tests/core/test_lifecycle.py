"""What a Spot leaves behind when it is dropped, closed, forked, or its process ends."""

import gc
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.memory import MemoryTaskDB
from beautyspot.errors import StorageError
from beautyspot.records import Activity, Run, Task
from beautyspot.testing import FrozenClock
from waits import without_waits

HEAD = """
import multiprocessing, os, signal, sys, threading, warnings
import beautyspot as bs

spot = bs.Spot("app", db=f"{sys.argv[1]}/a.db", storage=f"{sys.argv[1]}/blobs")

@spot.mark(save_blob=True)
def double(n):
    return 2 * n
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(HEAD + code)
    command = [sys.executable, "-W", "error", script, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    done.stderr = without_waits(done.stderr)
    return done


def kept(folder: Path) -> int:
    return ask(folder, "SELECT count(*) FROM tasks")[0]


def counted(folder: Path) -> tuple[int, int]:
    """Return the hits and misses that were written."""
    return ask(folder, "SELECT coalesce(sum(hits), 0), coalesce(sum(misses), 0) FROM activity")


def ask(folder: Path, question: str) -> tuple[int, ...]:
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        return connection.execute(question).fetchone()


def new_spot(folder: Path) -> bs.Spot:
    return bs.Spot("app", db=folder / "a.db", storage=folder / "blobs")


def double(n: int) -> int:
    return 2 * n


def files_open(folder: Path) -> list[Path]:
    links = list(Path("/proc/self/fd").iterdir())
    return [place for link in links if link.is_symlink() and (place := link.readlink()).is_relative_to(folder)]


def test_end_of_a_with_block_writes_the_counts(tmp_path: Path):
    with new_spot(tmp_path) as spot:
        marked = spot.mark(double)
        marked(1), marked(1)
        assert counted(tmp_path) == (0, 0)
    assert counted(tmp_path) == (1, 1)


def test_end_of_a_with_block_leaves_the_functions_usable(tmp_path: Path):
    with new_spot(tmp_path) as spot:
        marked = spot.mark(double)
    assert marked(2) == 4
    assert marked.is_cached(2)


@needs_proc
def test_dropped_spots_leave_no_file_no_thread_and_no_count(tmp_path: Path):
    before = threading.active_count()
    for number in range(50):
        marked = new_spot(tmp_path).mark(double)
        assert (marked(number), marked(number)) == (2 * number, 2 * number)
    assert files_open(tmp_path)
    del marked
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "beautyspot-end":  # of a Spot that was collected in the middle of the next one's lines
            thread.join()
    assert files_open(tmp_path) == []
    assert threading.active_count() == before
    assert counted(tmp_path) == (50, 50)


@needs_proc
def test_spot_that_many_threads_used_leaves_no_file(tmp_path: Path):
    marked = new_spot(tmp_path).mark(double)
    with ThreadPoolExecutor(8) as threads:  # which stay alive, with what they hold
        assert list(threads.map(marked, range(100))) == [2 * n for n in range(100)]
        del marked
        gc.collect()
        assert files_open(tmp_path) == []


def test_closing_while_others_call_disturbs_nobody(tmp_path: Path):
    spot, stop = new_spot(tmp_path), threading.Event()
    marked = spot.mark(double)

    def close() -> int:
        closings = 0
        while not stop.is_set():
            spot.shutdown()
            closings += 1
        return closings

    with ThreadPoolExecutor(5) as threads:
        closings = threads.submit(close)
        results = list(threads.map(marked, [n % 200 for n in range(2000)]))
        stop.set()
    assert results == [2 * (n % 200) for n in range(2000)]
    assert closings.result() > 1
    spot.shutdown()
    assert kept(tmp_path) == 200
    assert sum(counted(tmp_path)) == 2000


GARBAGE = """
import faulthandler, gc
from beautyspot.testing import FrozenClock

gc.disable()
faulthandler.dump_traceback_later(10, exit=True)

def leave_garbage(**options):
    other = bs.Spot("other", storage=f"{sys.argv[1]}/blobs", **options)
    marked = other.mark(double.__wrapped__)
    marked(1)
    ring = [other, marked]
    ring.append(ring)
    return other

def collect_where(happening, ending):
    def collect(event, args):
        if event == happening and str(args[0]).endswith(ending):
            gc.collect()  # as the collector may at every line
    sys.addaudithook(collect)
"""
POINTS = {
    "where the lock file is opened": """
leave_garbage(db=f"{sys.argv[1]}/b.db")
collect_where("open", "-locks")
double(1)
""",
    "where a connection is opened": """
double(1)
leave_garbage(db=spot.parts.store.db)
collect_where("sqlite3.connect", "a.db")
thread = threading.Thread(target=double, args=(2,))
thread.start()
thread.join()
""",
    "in a statement": """
double(1)
leave_garbage(db=spot.parts.store.db)
spot.parts.store.db._connections.write(lambda execute: gc.collect())
""",
    "where a call is counted": """
class Collects(FrozenClock):
    def time(self):
        gc.collect()
        return super().time()

clock = Collects()
tally = leave_garbage(db=f"{sys.argv[1]}/a.db", clock=clock).parts.journal.tally("f")
tally.miss(0.0, failed=False)
""",
}


@pytest.mark.parametrize("point", POINTS)
def test_a_spot_that_is_collected_in_the_middle_of_our_own_lines_waits_for_nobody(tmp_path: Path, point: str):
    done = run(tmp_path, GARBAGE + POINTS[point] + "print('went on', gc.collect() >= 0)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on True\n", "")
    assert counted(tmp_path)[1] >= 1


ENDINGS = {
    "end of the script": ("", 0, ""),
    "sys.exit": ("sys.exit(3)", 3, ""),
    "an exception": ("1 / 0", 1, "ZeroDivisionError"),
    "sys.exit in a thread": ("t = threading.Thread(target=sys.exit); t.start(); t.join()", 0, ""),
    "Ctrl-C": ("signal.raise_signal(signal.SIGINT)", -2, "KeyboardInterrupt"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_process_that_ends_keeps_every_result_and_count(tmp_path: Path, ending: str):
    code, status, error = ENDINGS[ending]
    done = run(tmp_path, f"for n in range(200): double(n % 100)\n{code}\n")
    assert done.returncode == status
    assert (error in done.stderr) if error else not done.stderr
    assert kept(tmp_path) == 100
    assert counted(tmp_path) == (100, 100)


def test_thread_that_outlives_the_main_one_is_kept_and_counted(tmp_path: Path):
    code = """
def work():
    threading.main_thread().join()
    for n in range(20): double(n)
threading.Thread(target=work).start()
"""
    assert run(tmp_path, code).stderr == ""
    assert kept(tmp_path) == 20
    assert counted(tmp_path) == (0, 20)


def test_daemon_thread_that_works_on_to_the_end_does_no_harm(tmp_path: Path):
    code = """
started = threading.Event()
def work():
    for n in range(10_000_000):
        double(n)
        last[0] = n
        if n == 50: started.set()
last = [0]
threading.Thread(target=work, daemon=True).start()
started.wait()
print(last[0])
"""
    done = run(tmp_path, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert kept(tmp_path) > int(done.stdout)
    assert ask(tmp_path, "PRAGMA integrity_check") == ("ok",)


LATE = """
import builtins

class Late:
    def __del__(self):
        print(self.double(21), flush=True)

Late.double = staticmethod(double)
if {before}:
    double(1)
builtins.late = Late()
"""


@pytest.mark.parametrize("before", [False, True])
def test_a_call_within_a_del_at_the_interpreters_end_runs(tmp_path: Path, before: bool):
    # From Python 3.13 on sqlite3 says where asked that a connection was left open, as one that is made so late is.
    done = run(tmp_path, 'warnings.simplefilter("ignore", ResourceWarning)' + LATE.format(before=before))
    assert (done.stdout, done.stderr) == ("42\n", "")


FORK = """
double(1), double(1), double(1)
pid = os.fork()
if not pid:
    double(2)
    {end}
os.waitpid(pid, 0)
"""


@needs_fork
@pytest.mark.parametrize(("end", "misses"), [("sys.exit()", 2), ("os._exit(0)", 1)])
def test_child_of_a_fork_writes_no_count_of_its_parent(tmp_path: Path, end: str, misses: int):
    assert run(tmp_path, FORK.format(end=end)).stderr == ""
    assert kept(tmp_path) == 2
    assert counted(tmp_path) == (2, misses)


POOL = """
if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    pool = context.Pool(2)
    assert pool.map(double, range(20), chunksize=1) == [2 * n for n in range(20)]
    assert pool.map(double, range(20), chunksize=1) == [2 * n for n in range(20)]
    pool.close()
    pool.join()
"""

EXECUTOR = """
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    with ProcessPoolExecutor(2, multiprocessing.get_context({method!r})) as pool:
        assert list(pool.map(double, range(20))) == [2 * n for n in range(20)]
        assert list(pool.map(double, range(20))) == [2 * n for n in range(20)]
"""


@pytest.mark.parametrize(
    "method", [name for name in ("fork", "spawn", "forkserver") if name != "fork" or os.name != "nt"]
)
@pytest.mark.parametrize("code", [POOL, EXECUTOR], ids=["Pool", "ProcessPoolExecutor"])
def test_workers_of_a_pool_write_their_counts(tmp_path: Path, code: str, method: str):
    assert run(tmp_path, code.format(method=method)).stderr == ""
    assert kept(tmp_path) == 20
    assert counted(tmp_path) == (20, 20)


def test_each_flush_that_leaves_results_unwritten_says_how_many_and_at_the_users_line(tmp_path: Path) -> None:
    spot = bs.Spot("app", db=SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=0.01), storage=tmp_path / "blobs")
    marked = spot.mark(double)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        marked(0)
        other.execute("BEGIN IMMEDIATE")
        with pytest.warns(bs.CacheSaveWarning, match="could not be saved"):
            assert (marked(1), marked(2)) == (2, 4)
        for _ in range(2):
            with pytest.warns(bs.CacheSaveWarning, match=r"still held in memory \(2\)") as told, spot:
                pass
            assert [Path(warning.filename).name for warning in told] == [Path(__file__).name]
        other.execute("ROLLBACK")
    spot.shutdown()
    assert kept(tmp_path) == 3


class Held:
    """A database that another process holds: a write waits for a second, in vain."""

    def __init__(self, clock: FrozenClock) -> None:
        memory = MemoryTaskDB()
        self.get, self.delete, self.find, self.close = memory.get, memory.delete, memory.find, memory.close
        self.clock = clock
        self.asked: list[str] = []

    def put(self, task: Task, /) -> None:
        self.refuse("row")

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        self.refuse("counts")

    def add_runs(self, rows: Sequence[Run], /) -> None:
        self.refuse("runs")

    def refuse(self, what: str) -> None:
        self.asked.append(what)
        self.clock.advance(1)
        raise StorageError("database is locked; end that process")


def test_a_flush_waits_once_for_a_database_that_is_held(tmp_path: Path) -> None:
    clock = FrozenClock()
    db = Held(clock)
    spot = bs.Spot("app", db=db, storage=tmp_path, clock=clock)
    with pytest.warns(bs.CacheSaveWarning, match="could not be saved"):
        spot.mark(double)(1)
    with pytest.warns(bs.CacheSaveWarning, match="still held"):
        spot.flush()
    assert db.asked == ["row", "row"]
    spot.parts.store.unsaved.forget()
    spot.parts.journal.forget_pending()
