import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zlib import crc32

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.connections import Connections
from beautyspot.db.memory_tier import ROW_BYTES, MemoryTier, Seen
from beautyspot.db.replacement import is_lost
from beautyspot.errors import ConfigurationError
from beautyspot.records import ZSTD_MAGIC, Entry
from beautyspot.testing.task_db import NOON, SECOND, task

KEY = "0a" * 16


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        yield db


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    """As another process sees it: it shares nothing but the files."""
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        yield db


def change_unseen(db: SQLiteTaskDB, statement: str) -> None:
    """Change the rows as a program does that knows nothing of us."""
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute(statement)
        connection.commit()


def data_of(db: SQLiteTaskDB, key: str = KEY) -> bytes | None:
    entry = db.get(key)
    return None if entry is None else entry.result_data


def warm(db: SQLiteTaskDB, key: str = KEY) -> None:
    for _ in range(3):  # the first is remembered, the second makes the generation's file, the third is held
        db.get(key)


def serves_from_memory(db: SQLiteTaskDB, **changes: Any) -> bool:
    """Say whether a change that nobody tells of goes unseen for a moment."""
    old = task(**{"result_data": b"old", **changes})
    for number in range(10, 20):  # a machine that stops for a second in here says nothing
        db.put(old)
        warm(db)
        change_unseen(db, f"UPDATE tasks SET result_data = x'{number}'")
        if data_of(db) == old.result_data:
            return True
    return False


def comes_true(is_so: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline_s = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return is_so()


def test_a_row_that_was_read_is_served_from_memory(db: SQLiteTaskDB) -> None:
    assert serves_from_memory(db)
    assert serves_from_memory(db, expires_at=NOON)
    assert serves_from_memory(db, result_data=ZSTD_MAGIC + b"old", compression="zstd")


def test_nothing_is_served_from_memory_of_no_size(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "a.db", memory_bytes=0)) as db:
        assert not serves_from_memory(db)
        assert not Path(f"{db.path}-generation").exists()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda db: db.delete([KEY]), None),
        (lambda db: db.put(task(result_data=b"new")), b"new"),
        (lambda db: db.put(task(result_data=b"new", tags=("a",))), b"new"),
        (lambda db: db.upkeep.delete_unchanged([task()]), None),
        (lambda db: db.upkeep.put_newer([task(result_data=b"new", updated_at=NOON + SECOND)]), b"new"),
    ],
)
def test_a_change_is_seen_as_soon_as_its_call_returned(
    db: SQLiteTaskDB, other: SQLiteTaskDB, change: Callable[[Any], object], left: bytes | None
) -> None:
    db.put(task(result_data=b"old"))
    warm(db)
    warm(other)
    change(db)
    assert (data_of(db), data_of(other)) == (left, left)


def test_what_is_deleted_twice_at_once_is_gone_for_whoever_finds_nothing_left(tmp_path: Path) -> None:
    with bs.Spot("a", db=tmp_path / "a.db") as spot:
        calls: list[int] = []
        load = spot.mark(tags=("red",))(lambda: calls.append(1))
        for number in range(10, 20):  # a machine that stops for a second in here says nothing
            for _ in range(3):
                load()
            # As another process does that was stopped between its commit and telling of it.
            change_unseen(spot.parts.store.db, "DELETE FROM tasks")  # pyright: ignore[reportArgumentType]
            before = len(calls)
            assert spot.invalidate(tags=("red",)) == 0
            load()
            assert len(calls) == before + 1, number


def test_what_is_made_anew_while_another_process_deletes_it_is_served_at_once(db: SQLiteTaskDB) -> None:
    for _ in range(10):
        db.put(task(result_data=b"old"))
        warm(db)
        change_unseen(db, "DELETE FROM tasks")
        db.put(task(result_data=b"new"))
        assert data_of(db) == b"new"


def test_a_new_row_leaves_all_others_in_memory(db: SQLiteTaskDB, other: SQLiteTaskDB) -> None:
    db.put(task())
    warm(db)
    before = Path(f"{db.path}-generation").read_bytes()
    other.put(task("0b", tags=("a",)))
    other.put(task("0c"))
    assert Path(f"{db.path}-generation").read_bytes() == before
    other.put(task("0c"))
    assert Path(f"{db.path}-generation").read_bytes() != before


def test_what_nobody_told_of_is_seen_within_about_a_second(db: SQLiteTaskDB) -> None:
    assert serves_from_memory(db)
    change_unseen(db, "DELETE FROM tasks")
    start_s = time.monotonic()
    assert comes_true(lambda: data_of(db) is None)
    assert time.monotonic() - start_s < 5


def test_rows_of_other_threads_leave_memory_useful(db: SQLiteTaskDB) -> None:
    thread = threading.Thread(target=lambda: [db.put(task(f"{number:04x}")) for number in range(50)])
    thread.start()
    thread.join()
    assert serves_from_memory(db)


def test_no_thread_gets_an_old_row_once_the_write_returned(db: SQLiteTaskDB) -> None:
    written, stale, done = [0], list[tuple[int, int]](), threading.Event()

    def read() -> None:
        while not done.is_set():
            floor = written[0]
            found = int(data_of(db) or b"0")
            if found < floor:
                stale.append((found, floor))

    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    readers = [threading.Thread(target=read) for _ in range(4)]
    try:
        for reader in readers:
            reader.start()
        for number in range(1, 300):
            db.put(task(result_data=b"%d" % number))
            written[0] = number
    finally:
        done.set()
        sys.setswitchinterval(interval_s)
    for reader in readers:
        reader.join()
    assert stale == []


def tier(path: Path, limit_bytes: int) -> MemoryTier:
    with closing(SQLiteTaskDB(path)) as db:
        db.open()
    tier = MemoryTier(Connections(str(path), "normal", 1.0), limit_bytes)
    for _ in range(2):
        tier.hold("", entry(), 0)  # makes the generation's file
    return tier


def hold(memory: MemoryTier, key: str, entry: Entry) -> None:
    for _ in range(2):
        memory.hold(key, entry, 1)


def entry(size_bytes: int = 100) -> Entry:
    return Entry("DIRECT_BLOB", bytes(size_bytes), None, None, 0.5)


def test_the_row_that_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 10 * (ROW_BYTES + 100))
    for number in range(10):
        hold(memory, str(number), entry())
    memory.held.move_to_end("0")
    hold(memory, "10", entry())
    assert list(memory.held) == ["2", "3", "4", "5", "6", "7", "8", "9", "0", "10"]


def test_bytes_are_counted_through_replacing_and_driving_out(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 100_000)
    for number in range(1000):
        hold(memory, str(number % 70), entry(number * 7))
        assert memory.held.size_bytes == sum(len(e.result_data or b"") + ROW_BYTES for _, e in memory.held.values())
        assert memory.held.size_bytes <= 100_000


def test_hardly_anything_that_is_read_once_is_held(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 2**25)
    for number in range(1000):
        memory.hold(str(number), entry(), 1)
    assert len(memory.held) < 100


def test_as_many_rows_as_fit_are_held_when_all_are_read_in_turn(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 1000 * (ROW_BYTES + 100))
    for number in (*range(1000), *range(1000)):
        memory.hold(str(number), entry(), 1)
    assert len(memory.held) == 1000


def test_what_was_read_once_is_forgotten_some_day() -> None:
    seen = Seen(1000)
    known = sum(seen.add(str(number)) for number in range(100_000))
    assert known < 50_000


def test_a_value_that_would_drive_out_many_is_not_held(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 100_000)
    hold(memory, "big", entry(50_000))
    assert list(memory.held) == []


def test_a_child_holds_rows_even_if_a_thread_was_filing_at_the_fork(tmp_path: Path) -> None:
    memory = tier(tmp_path / "a.db", 100_000)
    hold(memory, "a", entry())
    assert memory._filing.acquire(blocking=False)  # as that thread did, which the child doesn't have
    hold(memory, "b", entry())
    memory.after_fork_in_child()
    hold(memory, "c", entry())
    assert list(memory.held) == ["a", "c"]


def test_what_a_row_takes_beside_its_value_is_not_underestimated(tmp_path: Path) -> None:
    import tracemalloc

    memory = tier(tmp_path / "a.db", 10**9)
    tracemalloc.start()
    for number in range(10_000):
        row = Entry("DIRECT_BLOB", os.urandom(100), None, NOON + number * SECOND, number / 7, None)
        key = os.urandom(16).hex()
        memory.hold(key, row, 1)
        memory.hold(key, row, (1 << 64) + number)
    taken_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.7 * memory.held.size_bytes < taken_bytes < memory.held.size_bytes


def test_a_row_whose_bytes_are_not_those_written_keeps_its_checksum(db: SQLiteTaskDB) -> None:
    db.put(task(checksum=crc32(b"\x01")))
    warm(db)
    entry = db.get(KEY)
    assert entry is not None
    assert entry.checksum is None
    db.put(task(checksum=1))
    for _ in range(4):
        assert db.get(KEY) == Entry("DIRECT_BLOB", b"\x01", None, None, 0.5, 1)


def test_a_damaged_row_stays_a_counted_miss(tmp_path: Path) -> None:
    spot = bs.Spot("test", db=tmp_path / "a.db", storage=tmp_path / "blobs")
    answer = spot.mark(lambda n: [n] * 3, input_key_fn=str)
    for _ in range(4):
        answer(1)
    spot.shutdown()
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("UPDATE tasks SET result_data = x'93010102'")
        connection.commit()
    with pytest.warns(bs.CacheReadWarning, match="not those that were written"):
        assert answer(1) == [1, 1, 1]
    assert answer.cache_info().misses == 2


def test_a_check_while_another_thread_closes_is_no_error(db: SQLiteTaskDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beautyspot.db.memory_tier.CHECK_EVERY_S", 0.0)
    done, wrong = threading.Event(), list[object]()
    db.put(task())

    def read() -> None:
        while not done.is_set():
            try:
                db.get(KEY)
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(200):
        db.close()
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


@pytest.mark.parametrize("limit", [-1, 1.5, "32MB", None, True])
def test_a_limit_that_is_no_number_of_bytes_is_refused(tmp_path: Path, limit: Any) -> None:
    for make in (bs.Spot, SQLiteTaskDB):
        with pytest.raises(ConfigurationError, match=r"memory_bytes got .*; give a whole number of bytes"):
            make(**{"memory_bytes": limit, "db" if make is bs.Spot else "path": tmp_path / "a.db"})


def test_other_databases_have_no_use_for_the_limit() -> None:
    answer = bs.Spot("test", db="memory://", storage="memory://", memory_bytes=1000).mark(str)
    assert [answer(1), answer(1)] == ["1", "1"]


def test_an_expired_result_is_not_served_from_memory(tmp_path: Path, clock: Any) -> None:
    spot = bs.Spot("test", db=tmp_path / "a.db", storage=tmp_path / "blobs", clock=clock)
    runs: list[int] = []
    answer = spot.mark(lambda n: runs.append(n) or n, input_key_fn=str, ttl="1h")
    assert [answer(1) for _ in range(5)] == [1] * 5
    clock.advance(3601)
    assert answer(1) == 1
    assert runs == [1, 1]
    spot.shutdown()


@pytest.mark.parametrize("memory_bytes", [0, 2**20])
def test_a_file_that_was_deleted_is_left_by_those_who_only_read(tmp_path: Path, memory_bytes: int) -> None:
    with closing(SQLiteTaskDB(tmp_path / "sub/a.db", memory_bytes=memory_bytes)) as db:
        db.put(task())
        warm(db)
        shutil.rmtree(tmp_path / "sub")
        with pytest.warns(bs.CacheWarning, match="was deleted or replaced while it was in use") as warned:
            assert comes_true(lambda: db.get(KEY) is None)
        db.put(task())
        warm(db)
        assert len(warned) == 1
    assert data_of(SQLiteTaskDB(tmp_path / "sub/a.db")) == task().result_data


def test_rows_of_a_file_that_was_deleted_are_forgotten_with_it(db: SQLiteTaskDB) -> None:
    db.put(task())
    warm(db)
    Path(db.path).unlink()  # and not what lies beside it
    with pytest.warns(bs.CacheWarning, match="was deleted or replaced"):
        db.put(task("0b" * 16))
    assert db.get(KEY) is None


def test_a_file_that_nobody_can_look_at_for_a_while_is_not_left(tmp_path: Path) -> None:
    assert is_lost(str(tmp_path / "none.db"), (1, 2))
    assert not is_lost("a" * 5000, (1, 2))  # as a folder without permission, or a server that is away
