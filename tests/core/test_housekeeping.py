"""Keeping a store within a size while its program runs."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB, TaskDB
from beautyspot.housekeeping import NAME, ROUNDS, STEP_S, VICTIMS, Housekeeping
from beautyspot.records import TaskFilter
from beautyspot.storage import MemoryStorage
from beautyspot.testing import FrozenClock
from beautyspot.testing.task_db import task
from waits import without_waits

EVERY_S = 600.0


def marked(spot: bs.Spot, **arguments: Any) -> Any:
    @spot.mark(**arguments)
    def load(number: int) -> bytes:
        return bytes([number]) * 998  # packed, 1001 bytes

    return load


def kept(db: TaskDB) -> int:
    return len(list(db.find(TaskFilter())))


def small(clock: FrozenClock, **options: Any) -> bs.Spot:
    settings: dict[str, Any] = {"max_size": "5kB", "storage": "memory://", "db": MemoryTaskDB(), "clock": clock}
    return bs.Spot("test", **(settings | options))


def test_a_miss_makes_room_and_what_was_read_last_stays(clock: FrozenClock, tmp_path: Path) -> None:
    spot = small(clock, db=tmp_path / "a.db", storage=tmp_path / "blobs")
    load = marked(spot, save_blob=True)
    for number in range(4):
        load(number)
        clock.advance(7200)
    load(0)
    spot.flush()
    clock.advance(1)
    load(4)
    assert [number for number in range(5) if load.is_cached(number)] == [0, 2, 3, 4]
    assert len(list((tmp_path / "blobs").rglob("*.bin"))) == 4
    spot.shutdown()


def test_a_result_that_can_not_fit_is_returned_and_no_other_goes_for_it(clock: FrozenClock) -> None:
    spot = small(clock)
    load, large = marked(spot), spot.mark(lambda: bytes(6000))
    for number in range(3):
        load(number)
    with pytest.warns(bs.CacheSaveWarning, match="6003 bytes, and no more than 5000 fit") as told:
        assert len(large()) == len(large()) == 6000
    clock.advance(EVERY_S)
    load(3)
    assert [load.is_cached(number) for number in range(4)] == [True] * 4
    assert (large.is_cached(), len(told)) == (False, 1)


def test_a_result_that_was_kept_before_there_was_a_size_goes_alone(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    large, load = small(clock, db=db, max_size=None).mark(lambda: bytes(6000)), marked(small(clock, db=db))
    large()
    with pytest.warns(bs.CacheWarning, match="6003 bytes can't fit"):
        load(0)
    for number in range(4):
        load(number)
    assert [load.is_cached(number) for number in range(4)] == [True] * 4
    assert not large.is_cached()


def test_a_hit_deletes_nothing(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    load = marked(small(clock, db=db))
    for number in range(5):
        load(number)
    db.put(task("big", size_bytes=5000, updated_at=datetime(2000, 1, 1, tzinfo=UTC)))
    clock.advance(2 * EVERY_S)
    load(1)
    assert kept(db) == 6
    load(9)
    assert db.get("big") is None


def test_between_two_times_to_look_nothing_is_looked_at(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    load = marked(small(clock, db=db, prune_every="1d"))
    for number in range(9):
        load(number)
    assert kept(db) == 9
    clock.advance(86_401)
    load(10)
    assert kept(db) == 4


def test_the_time_to_look_again_holds_for_the_next_process(clock: FrozenClock, tmp_path: Path) -> None:
    first = small(clock, db=tmp_path / "a.db", prune_every="1d")
    marked(first)(0)
    first.shutdown()
    clock.advance(3600)
    second = small(clock, db=tmp_path / "a.db", prune_every="1d")
    load = marked(second)
    for number in range(1, 9):
        load(number)
    db = SQLiteTaskDB(tmp_path / "a.db")
    assert kept(db) == 9
    clock.advance(86_400)
    load(10)
    assert kept(db) <= 5
    second.shutdown(), db.close()


def test_a_clock_that_was_set_back_does_not_put_it_off_for_long(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    db.advance_limit(NAME, clock.time() + 10 * 86_400, 0.0)
    load = marked(small(clock, db=db))
    for number in range(9):
        load(number)
        clock.advance(EVERY_S + 1)
    assert kept(db) <= 6
    assert db.advance_limit(NAME, 0.0, 0.0) == pytest.approx(clock.time() - 1)


def test_expired_results_go_without_a_size_to_keep_to(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    load = marked(small(clock, db=db, max_size=None, prune_every="1h"), ttl=60)
    for number in range(3):
        load(number)
    clock.advance(3601)
    load(4)
    assert kept(db) == 1


class Ticking(FrozenClock):
    """A clock on which everything takes a millisecond."""

    def monotonic(self) -> float:
        self.advance(0.001)
        return super().monotonic()


def test_a_step_ends_after_a_little_and_the_next_goes_on() -> None:
    clock, db = Ticking(), MemoryTaskDB()
    for number in range(300):
        db.put(task(f"{number:03}", size_bytes=10))
    keeping = Housekeeping(db, MemoryStorage().delete, clock, max_size=1000, prune_every=None)
    keeping.step()
    assert 300 - ROUNDS * VICTIMS < kept(db) < 300
    for _ in range(1000):
        keeping.step()
    assert kept(db) == 100
    assert STEP_S < 0.005


def test_a_tenth_of_the_time_at_most_goes_into_it() -> None:
    clock, db = Ticking(), MemoryTaskDB()
    for number in range(1000):
        db.put(task(f"{number:04}", size_bytes=10))
    keeping = Housekeeping(db, MemoryStorage().delete, clock, max_size=10, prune_every=None)
    worked = 0
    for _ in range(200):
        before = kept(db)
        keeping.step()
        worked += kept(db) < before
    assert 2 < worked < 20


def test_what_comes_fast_is_kept_up_with(clock: FrozenClock) -> None:
    clock, db = Ticking(), MemoryTaskDB()
    for number in range(500):
        db.put(task(f"{number:04}", size_bytes=10))
    keeping = Housekeeping(db, MemoryStorage().delete, clock, max_size=10, prune_every=None)
    for number in range(300):
        clock.advance(-0.0009)
        db.put(task(f"n{number}", size_bytes=10))
        keeping.step()
    assert kept(db) < 600


def test_another_process_at_work_is_left_alone(clock: FrozenClock) -> None:
    class Held(MemoryTaskDB):
        class Locks:
            def try_acquire(self, key: str, /) -> bool:
                return False

            def acquire(self, key: str, /) -> bool:
                return False

            def release(self, key: str, /) -> None:
                raise AssertionError("it was not ours")

        locks = Locks()

    db = Held()
    db.put(task("a", size_bytes=10))
    Housekeeping(db, MemoryStorage().delete, clock, max_size=0, prune_every=None).step()
    assert kept(db) == 1


def test_a_database_in_trouble_is_no_trouble_for_the_caller(clock: FrozenClock) -> None:
    class Refusing(MemoryTaskDB):
        def advance_limit(self, *_: object) -> float:
            raise bs.StorageError("locked")

    db = Refusing()
    load = marked(small(clock, db=db))
    assert [load(number) for number in range(9)]
    assert kept(db) == 9


def test_a_storage_in_trouble_holds_up_one_call_and_none_fails(clock: FrozenClock) -> None:
    class Stalling(MemoryStorage):
        waits = 0

        def delete(self, location: str, /) -> None:
            self.waits += 1
            clock.advance(30)
            raise RuntimeError("somebody else's timeout")

    storage, db = Stalling(), MemoryTaskDB()
    load = marked(small(clock, storage=storage, db=db), save_blob=True, ttl=60)
    assert [len(load(number)) for number in range(4)] == [998] * 4
    clock.advance(EVERY_S)
    with pytest.warns(bs.CacheSaveWarning, match="row instead"):  # nothing is asked of a storage that rests
        assert [len(load(number)) for number in range(10, 14)] == [998] * 4
    assert (storage.waits, kept(db)) == (1, 4)


class Far(MemoryStorage):
    """A storage across a network, which answers when it is let."""

    is_local = False

    def __init__(self) -> None:
        super().__init__()
        self.answers, self.dropped = Event(), list[str]()

    def delete(self, location: str, /) -> None:
        self.answers.wait(30)
        self.dropped.append(location)


def dropping() -> list[Thread]:
    return [thread for thread in enumerate_threads() if thread.name == "beautyspot-housekeeping"]


def test_a_far_storage_that_stalls_holds_up_no_call(clock: FrozenClock) -> None:
    storage, db = Far(), MemoryTaskDB()
    load = marked(small(clock, storage=storage, db=db), save_blob=True, ttl=60)
    for number in range(4):
        load(number)
    clock.advance(EVERY_S)
    assert [len(load(number)) for number in range(10, 14)] == [998] * 4
    (thread,) = dropping()
    assert (kept(db), storage.dropped) == (4, [])
    storage.answers.set()
    thread.join(10)
    assert len(storage.dropped) == 4


def test_a_program_ends_though_its_far_storage_stalls(tmp_path: Path) -> None:
    code = """
import beautyspot as bs, threading
from beautyspot.storage import MemoryStorage
class Far(MemoryStorage):
    is_local = False
    def delete(self, location):
        print("asked\\n", end="", flush=True)
        threading.Event().wait()
zeros = bs.Spot("x", db="a.db", storage=Far(), max_size=10_000, prune_every=1e-6).mark(save_blob=True)(bytes)
print(f"{len(zeros(9000))} {len(zeros(9001))}\\n", end="")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, without_waits(done.stderr)) == (0, "")
    assert sorted(done.stdout.split()) == ["9000", "9001", "asked"]


@pytest.mark.parametrize("options", [{"max_size": "5 apples"}, {"max_size": -1}, {"prune_every": "soon"}])
def test_a_wrong_size_or_time_is_refused_by_its_name(options: dict[str, object]) -> None:
    with pytest.raises(bs.ConfigurationError, match=repr(next(iter(options.values())))):
        small(FrozenClock(), **options)


def test_a_database_that_cannot_be_pruned_in_use_is_refused() -> None:
    class Plain(MemoryTaskDB):
        def __init__(self) -> None:
            super().__init__()
            del self.upkeep

    with pytest.raises(bs.ConfigurationError, match=r"default_ttl=.*maxmemory"):
        small(FrozenClock(), db=Plain())
