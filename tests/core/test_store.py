"""Reading, writing and deleting one result, and what happens when a backend fails."""

import itertools
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.db.ownership import REVISION
from beautyspot.held import LIMIT_BYTES, ROW_BYTES
from beautyspot.records import Entry, Task, TaskFilter
from beautyspot.serializers import MsgpackSerializer
from beautyspot.storage import LocalStorage
from beautyspot.store import Label, Store
from beautyspot.testing import FrozenClock

PLAIN = MsgpackSerializer()
REFUSED = "m.refused"


class MoodyDB(MemoryTaskDB):
    """A real memory database that refuses to work while it sulks."""

    sulks = False
    takes_s = 0.0
    """Seconds that a refusal takes."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock

    def get(self, key: str, /) -> Entry | None:
        if self.sulks:
            raise bs.StorageError("sulking")
        return super().get(key)

    def put(self, task: Task, /) -> None:
        self.refuse(task)
        super().put(task)

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        for task in tasks:
            self.refuse(task)
        return self.upkeep.put_newer(tasks)

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        return self.upkeep.updated_at(keys)

    def refuse(self, task: Task) -> None:
        if self.sulks or task.func_name == REFUSED:
            self.clock.advance(self.takes_s)
            raise bs.StorageError("sulking")


class SlowStorage(LocalStorage):
    """A real folder that lets everybody wait, and in vain, while it stalls."""

    stalls = False
    waits = 0
    error: Exception = bs.StorageError("no answer; check the network")

    def __init__(self, folder: Path, clock: FrozenClock, *, stall_s: float = 30) -> None:
        super().__init__(folder)
        self.clock = clock
        self.stall_s = stall_s

    def wait(self) -> None:
        if self.stalls:
            self.waits += 1
            self.clock.advance(self.stall_s)
            raise self.error

    def save_parts(self, key: str, parts: Any, /) -> str:
        self.wait()
        return super().save_parts(key, parts)

    def load(self, location: str, /) -> bytes:
        self.wait()
        return super().load(location)

    def delete(self, location: str, /) -> None:
        self.wait()
        super().delete(location)


def label(key: str = "k" * 32, **changes: Any) -> Label:
    return Label(cache_key=key, func_name="m.f", input_id="", version=None, elapsed_s=2.0)._replace(**changes)


@pytest.fixture
def db(clock: FrozenClock) -> MoodyDB:
    return MoodyDB(clock)


@pytest.fixture
def store(db: MoodyDB, tmp_path: Path, clock: FrozenClock) -> Store:
    return Store(db, LocalStorage(tmp_path / "blobs"), clock=clock, inline_limit_bytes=100)


def test_what_is_kept_is_read_with_the_seconds_it_took(store: Store):
    store.write(label(), {"a": (1, 2)}, PLAIN)
    assert store.read("k" * 32, PLAIN) == ({"a": (1, 2)}, 2.0)


def test_refused_row_is_held_read_and_written_later(store: Store, db: MoodyDB):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning, match="held in memory"):
        store.keep(label(), 7, PLAIN)
    assert store.read("k" * 32, PLAIN) == (7, 2.0)  # the same trouble, so no second warning
    db.sulks = False
    store.write(label("l" * 32), 8, PLAIN)
    assert len(store.unsaved) == 0
    assert db.get("k" * 32) is not None


def test_older_result_that_was_held_is_not_written_over_a_newer_one(store: Store, db: MoodyDB):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label(), "old", PLAIN)
    db.sulks = False
    store.write(label(), "new", PLAIN)
    assert store.unsaved.retry()
    assert store.read("k" * 32, PLAIN) == ("new", 2.0)


def test_what_another_process_kept_meanwhile_is_newer_than_what_was_held(store: Store, db: MoodyDB, clock: FrozenClock):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label(), "old", PLAIN)
    db.sulks = False
    clock.advance(1)
    Store(db, store.storage, clock=clock).write(label(), "new", PLAIN)
    assert store.unsaved.retry()
    assert store.read("k" * 32, PLAIN) == ("new", 2.0)


def test_row_that_is_always_refused_holds_up_no_other(store: Store, db: MoodyDB):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label("a" * 32, func_name=REFUSED), 1, PLAIN)
    store.keep(label("b" * 32), 2, PLAIN)
    db.sulks = False
    assert not store.unsaved.retry()
    assert db.get("b" * 32) is not None
    assert store.read("a" * 32, PLAIN) == (1, 2.0)


def test_slow_refusal_does_not_slow_the_calls_that_follow(store: Store, db: MoodyDB, clock: FrozenClock):
    db.sulks, db.takes_s = True, 10.0
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label("a" * 32), 1, PLAIN)
    start_s = clock.monotonic()
    store.keep(label("b" * 32), 2, PLAIN)
    assert clock.monotonic() == start_s
    db.sulks, db.takes_s = False, 0.0
    assert store.unsaved.retry()
    assert db.get("b" * 32) is not None


def test_a_program_older_than_its_file_is_told_at_the_first_save_that_nothing_is_written(tmp_path: Path):
    spot = bs.Spot("old", db=tmp_path / "a.db")

    @spot.mark
    def double(n: int) -> int:
        return 2 * n

    assert double(1) == 2
    spot.shutdown()
    with closing(sqlite3.connect(tmp_path / "a.db")) as other:
        other.execute("PRAGMA user_version = 999")  # as a newer release leaves it
    with pytest.warns(bs.CacheWarning, match="revision 999") as warned:
        assert [double(n) for n in (1, 2, 3)] == [2, 4, 6]
    assert [each.category for each in warned] == [bs.CacheReadWarning, bs.CacheSaveWarning]
    assert "held in memory and lost at its end; restart it with that release" in str(warned[1].message)
    with closing(sqlite3.connect(tmp_path / "a.db")) as other:
        other.execute(f"PRAGMA user_version = {REVISION}")
    spot.flush()


def test_held_results_have_their_limit(store: Store, db: MoodyDB):
    db.sulks = True
    half = bytes(LIMIT_BYTES // 2 + 1)
    with pytest.warns(bs.CacheSaveWarning, match="held in memory"):
        store.keep(label("a" * 32, save_blob=False), half, PLAIN)
    with pytest.warns(bs.CacheSaveWarning, match="it is not kept"):
        store.keep(label("b" * 32, save_blob=False), half, PLAIN)
    assert store.unsaved.drop("a" * 32)
    store.keep(label("c" * 32, save_blob=False), half, PLAIN)
    assert "c" * 32 in store.unsaved


def test_small_results_that_are_held_have_their_limit_as_well(store: Store, db: MoodyDB):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning, match="held in memory"):
        store.keep(label("a" * 32, save_blob=False), bytes(LIMIT_BYTES - 5 * ROW_BYTES), PLAIN)
    store.keep(label("b" * 32), 1, PLAIN)
    store.keep(label("c" * 32, save_blob=True), 1, PLAIN)
    with pytest.warns(bs.CacheSaveWarning, match="it is not kept"):
        store.keep(label("d" * 32), 1, PLAIN)
    assert len(store.unsaved) == 3


def test_one_trouble_of_the_database_is_told_once_for_all_reads_and_once_for_all_results_it_holds_up(
    store: Store, db: MoodyDB
):
    def ask() -> None:
        for key, name in (("k" * 32, "m.f"), ("l" * 32, "m.g")):
            store.read(key, PLAIN)
            store.keep(label(key, func_name=name), 7, PLAIN)

    db.sulks = True
    with pytest.warns(bs.CacheWarning, match="sulking") as warned:
        ask()
    assert [each.category for each in warned] == [bs.CacheReadWarning, bs.CacheSaveWarning]
    assert "held in memory" in str(warned[1].message)
    assert len(store.unsaved) == 2


def test_invalidated_result_does_not_come_back_from_what_was_held(store: Store, db: MoodyDB):
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label(), 7, PLAIN)
    db.sulks = False
    assert store.delete(["k" * 32]) == 1
    assert store.unsaved.retry()
    assert store.read("k" * 32, PLAIN) is None


def test_rows_that_match_go_in_short_transactions(tmp_path: Path, clock: FrozenClock):
    class Watched(SQLiteTaskDB):
        sizes: ClassVar[list[int]] = []

        def delete(self, keys: Iterable[str], /) -> int:
            raise AssertionError("all at once")

        @property
        def upkeep(self) -> Any:
            upkeep = super().upkeep
            delete = upkeep.delete_unchanged
            upkeep.delete_unchanged = lambda tasks: self.sizes.append(len(tasks)) or delete(tasks)
            return upkeep

    with closing(Watched(tmp_path / "a.db")) as db:
        store = Store(db, LocalStorage(tmp_path / "blobs"), clock=clock)
        store.write_many([(label(f"{n:032}"), n) for n in range(1200)], PLAIN)
        assert store.delete_where(TaskFilter(function="m.f")) == 1200
        assert db.sizes[0] == 500
        assert len(db.sizes) > 1


def test_what_is_kept_anew_while_others_go_stays_with_its_blob(tmp_path: Path, clock: FrozenClock):
    class Busy(SQLiteTaskDB):
        def find(self, where: TaskFilter, /) -> Iterator[Task]:
            for task in list(super().find(where)):
                if task.cache_key == "b" * 32:
                    clock.advance(1)
                    store.write(label("b" * 32, save_blob=True), "new", PLAIN)
                yield task

    with closing(Busy(tmp_path / "a.db")) as db:
        store = Store(db, LocalStorage(tmp_path / "blobs"), clock=clock)
        for key in "abc":
            store.write(label(key * 32, save_blob=True), key, PLAIN)
        assert store.delete_where(TaskFilter(function="m.f")) == 2
        assert store.read("b" * 32, PLAIN) == ("new", 2.0)


def test_held_results_that_match_go_and_newer_ones_stay(store: Store, db: MoodyDB, clock: FrozenClock):
    store.write(label("a" * 32), 1, PLAIN)
    clock.advance(60)
    db.sulks = True
    with pytest.warns(bs.CacheSaveWarning):
        store.keep(label("a" * 32), 2, PLAIN)
    store.keep(label("b" * 32, func_name="m.g"), 3, PLAIN)
    db.sulks = False
    before = datetime.fromtimestamp(clock.time() - 30, UTC)
    assert store.delete_where(TaskFilter(updated_before=before)) == 1
    assert store.delete_where(TaskFilter(function="m.g")) == 1
    assert store.unsaved.retry()
    assert (store.read("a" * 32, PLAIN), store.read("b" * 32, PLAIN)) == ((2, 2.0), None)


def test_failing_storage_leaves_the_value_in_the_row(db: MoodyDB, tmp_path: Path, clock: FrozenClock):
    (tmp_path / "blobs").write_text("a file where the folder should be")
    store = Store(db, LocalStorage(tmp_path / "blobs"), clock=clock)
    with pytest.warns(bs.CacheSaveWarning, match="row instead"):
        store.write(label(save_blob=True), b"paid", PLAIN)
    assert store.read("k" * 32, PLAIN) == (b"paid", 2.0)


class ForeignTrouble(LocalStorage):
    """A storage that fails both ways with a class of its own, which says nothing of a next step."""

    def load(self, location: str, /) -> bytes:
        raise ConnectionError("no route")

    def save_parts(self, key: str, parts: Sequence[Any], /) -> str:
        raise ConnectionError("no route")


def test_a_save_that_fails_as_a_read_did_is_told_of_too(db: MoodyDB, tmp_path: Path, clock: FrozenClock):
    Store(db, LocalStorage(tmp_path), clock=clock).write(label("a" * 32, save_blob=True), b"paid", PLAIN)
    store = Store(db, ForeignTrouble(tmp_path), clock=clock)
    with pytest.warns(bs.CacheReadWarning, match="no route"):
        assert store.read("a" * 32, PLAIN) is None
    with pytest.warns(bs.CacheSaveWarning, match="row instead"):
        store.write(label("b" * 32, save_blob=True), b"paid", PLAIN)


def test_a_result_that_the_row_took_is_kept_where_warnings_are_errors(store: Store, tmp_path: Path):
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        assert store.keep(label(save_blob=True), "x", PLAIN)
    assert ["kept in the database row instead" in str(each.message) for each in shown] == [True]
    assert store.read("k" * 32, PLAIN) == ("x", 2.0)


def test_a_storage_that_stalls_keeps_one_result_waiting_and_not_all(db: MoodyDB, tmp_path: Path, clock: FrozenClock):
    storage = SlowStorage(tmp_path / "blobs", clock)
    store = Store(db, storage, clock=clock)
    storage.stalls = True
    labels = [label(f"{number:032}", save_blob=True) for number in range(10)]
    with pytest.warns(bs.CacheSaveWarning, match="row instead") as warned:
        assert all(store.keep(each, number, PLAIN) for number, each in enumerate(labels))
    store.blobs.drop("ab/cd.bin")
    assert (storage.waits, len(warned)) == (1, 1)
    assert [store.read(f"{number:032}", PLAIN) for number in range(10)] == [(n, 2.0) for n in range(10)]
    clock.advance(31)
    store.write(label("a" * 32, save_blob=True), 1, PLAIN)
    assert storage.waits == 2
    storage.stalls = False
    clock.advance(31)
    for key in ("b" * 32, "c" * 32):
        store.write(label(key, save_blob=True), 1, PLAIN)
        assert db.get(key)[2] is not None  # pyright: ignore[reportOptionalSubscript]


def test_a_storage_that_refuses_after_two_seconds_keeps_one_result_waiting(
    db: MoodyDB, tmp_path: Path, clock: FrozenClock
):
    storage = SlowStorage(tmp_path / "blobs", clock, stall_s=2)
    store = Store(db, storage, clock=clock)
    storage.stalls = True
    with pytest.warns(bs.CacheSaveWarning, match="row instead"):
        assert all(store.keep(label(f"{number:032}", save_blob=True), number, PLAIN) for number in range(5))
    assert storage.waits == 1


def test_a_storage_that_stalls_keeps_one_read_waiting_and_all_are_counted(
    db: MoodyDB, tmp_path: Path, clock: FrozenClock
):
    storage = SlowStorage(tmp_path / "blobs", clock)
    store = Store(db, storage, clock=clock)
    store.write(label(save_blob=True), b"paid", PLAIN)
    storage.stalls = True
    with pytest.warns(bs.CacheReadWarning, match="check the network") as warned:
        assert [store.read("k" * 32, PLAIN) for _ in range(5)] == [None] * 5
    assert (storage.waits, store.damaged, len(warned)) == (1, 5, 1)
    storage.stalls = False
    clock.advance(31)
    assert store.read("k" * 32, PLAIN) == (b"paid", 2.0)


def test_a_storage_with_errors_of_its_own_is_no_worse(db: MoodyDB, tmp_path: Path, clock: FrozenClock):
    storage = SlowStorage(tmp_path / "blobs", clock)
    storage.error = RuntimeError("a timeout of theirs")
    store = Store(db, storage, clock=clock)
    store.write(label(save_blob=True), b"paid", PLAIN)
    storage.stalls = True
    store.blobs.drop("ab/cd.bin")
    with pytest.warns(bs.CacheReadWarning, match="a timeout of theirs"):
        assert [store.read("k" * 32, PLAIN) for _ in range(5)] == [None] * 5
    assert storage.waits == 2  # for the deletion, and for one of the reads


def test_lost_blob_is_a_counted_and_warned_miss(store: Store, tmp_path: Path):
    store.write(label(save_blob=True), b"paid", PLAIN)
    next(path for path in (tmp_path / "blobs").rglob("*") if path.is_file()).unlink()
    with pytest.warns(bs.CacheReadWarning, match="the row of .* is kept, but its value is not found"):
        assert store.read("k" * 32, PLAIN) is None
    assert store.damaged == 1


def test_damage_is_counted_each_time_and_warned_of_once(store: Store, db: MoodyDB):
    store.write(label(), "x", PLAIN)
    task = next(iter(db.find(TaskFilter())))
    db.put(task._replace(result_data=b"\xc1"))
    with pytest.warns(bs.CacheReadWarning) as warned:
        assert [store.read("k" * 32, PLAIN) for _ in range(3)] == [None] * 3
    assert (store.damaged, len(warned)) == (3, 1)


def test_an_expiry_that_nobody_can_read_is_a_counted_and_warned_miss(tmp_path: Path, clock: FrozenClock):
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        store = Store(db, LocalStorage(tmp_path / "blobs"), clock=clock)
        store.write(label(ttl_s=60), "x", PLAIN)
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
            connection.execute("UPDATE tasks SET expires_at = 'soon'")
        with pytest.warns(bs.CacheReadWarning, match="its expiry is no time"):
            assert store.read("k" * 32, PLAIN) is None
        assert store.damaged == 1


def test_row_that_names_a_place_outside_the_storage_is_a_miss(store: Store, db: MoodyDB, tmp_path: Path):
    (tmp_path / "secret").write_bytes(PLAIN.dumps("secret"))
    store.write(label(save_blob=True), b"paid", PLAIN)
    for location in ("../secret", str(tmp_path / "secret")):
        task = next(iter(db.find(TaskFilter())))
        db.put(task._replace(result_value=location))
        store.notices.__init__()
        with pytest.warns(bs.CacheReadWarning):
            assert store.read("k" * 32, PLAIN) is None


@pytest.mark.parametrize("save_blob", [False, True])
def test_every_changed_byte_is_a_counted_miss(store: Store, db: MoodyDB, tmp_path: Path, save_blob: bool):
    store.write(label(save_blob=save_blob), {"price": 10, "text": "hello"}, PLAIN)
    task = db.get("k" * 32)
    assert task is not None
    blob = next((path for path in (tmp_path / "blobs").rglob("*") if path.is_file()), None)
    data = task.result_data or (blob.read_bytes() if blob else b"")
    stored = next(iter(db.find(TaskFilter())))._replace(result_data=task.result_data)
    for place, bit in itertools.product(range(len(data)), range(8)):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        if blob is None:
            db.put(stored._replace(result_data=bytes(changed)))
        else:
            blob.write_bytes(changed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert store.read("k" * 32, PLAIN) is None
    assert store.damaged == 8 * len(data)
