"""Results that wait for a database which refuses them: what is served meanwhile, and what is written in the end."""

import asyncio
import sqlite3
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.errors import CacheReadWarning, CacheSaveWarning, StorageError
from beautyspot.maintenance.clean import GRACE
from beautyspot.records import Task, TaskFilter
from beautyspot.rows import Rows
from beautyspot.testing import FrozenClock
from beautyspot.unsaved import BLOB_IS_SAFE_S

Locked = Callable[[], AbstractContextManager[None]]


def new_spot(folder: Path, clock: FrozenClock) -> bs.Spot:
    db = SQLiteTaskDB(folder / "a.db", busy_timeout_s=0.02)
    db.open()
    return bs.Spot("held", db=db, storage=folder / "blobs", clock=clock)


@pytest.fixture
def spot(tmp_path: Path, clock: FrozenClock) -> Iterator[bs.Spot]:
    spot = new_spot(tmp_path, clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def other(tmp_path: Path, clock: FrozenClock) -> Iterator[bs.Spot]:
    """What another process has on the same file."""
    spot = new_spot(tmp_path, clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def locked(tmp_path: Path, spot: bs.Spot) -> Locked:
    """Have another connection hold the file, so that the Spot's writes are refused and warned of."""

    @contextmanager
    def lock() -> Generator[None]:
        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.warns(CacheSaveWarning, match="held in memory"):
                yield
            holder.execute("ROLLBACK")

    return lock


RUNS: list[int] = []


def ask(question: str) -> list[int]:
    RUNS.append(len(RUNS) + 1)
    return [RUNS[-1]]


def marked(spot: bs.Spot, **options: Any) -> Any:
    RUNS.clear()
    return spot.mark(**options)(ask)


@pytest.fixture
def answer(spot: bs.Spot) -> Any:
    return marked(spot)


def blobs(folder: Path) -> int:
    return sum(path.is_file() for path in (folder / "blobs").rglob("*"))


def test_a_refreshed_result_that_waits_is_served_and_not_the_one_it_replaces(answer: Any, locked: Locked) -> None:
    assert [answer("a") for _ in range(5)] == [[1]] * 5  # the last ones from memory
    with locked():
        assert answer.refresh("a") == [2]
        assert [answer("a"), answer.map(["a"], progress=False)] == [[2], [[2]]]
    assert answer("a") == [2]


def test_whoever_reads_in_a_batch_or_on_an_event_loop_gets_what_waits(spot: bs.Spot, locked: Locked) -> None:
    @spot.mark(input_key_fn=str, save_blob=True)
    async def answer(question: str) -> list[int]:
        return ask(question)

    RUNS.clear()
    asyncio.run(answer("a"))
    with locked():
        assert asyncio.run(answer.refresh("a")) == [2]
        assert asyncio.run(answer("a")) == [2]
        rows, keys = Rows(spot.parts), [answer.key("a"), "gone"]
        assert [hit and hit.value for hit in rows.read(keys)] == [[2], None]
        assert [hit and hit.value for hit in asyncio.run(rows.read_async(keys))] == [[2], None]


def test_a_stream_that_waits_is_replayed(spot: bs.Spot, locked: Locked) -> None:
    @spot.mark(input_key_fn=str)
    def stream(question: str) -> Iterator[int]:
        yield from ask(question)

    RUNS.clear()
    assert [*stream("a"), *stream("a")] == [1, 1]
    with locked():
        assert [*stream.refresh("a"), *stream("a"), *stream("a")] == [2, 2, 2]


def test_an_expired_result_that_cannot_be_rewritten_is_paid_for_once(
    spot: bs.Spot, clock: FrozenClock, locked: Locked
) -> None:
    answer = marked(spot, ttl=60)
    answer("a")
    clock.advance(61)
    with locked():
        assert [answer("a") for _ in range(3)] == [[2]] * 3
        clock.advance(61)  # what waits expires as well, and what it replaces does not come back
        assert [answer.is_cached("a"), answer("a"), answer("a")] == [False, [3], [3]]


def test_a_crowd_after_an_expired_result_pays_once(spot: bs.Spot, clock: FrozenClock, locked: Locked) -> None:
    answer = marked(spot, ttl=60)
    answer("a")
    clock.advance(61)
    with locked():
        threads = [threading.Thread(target=answer, args=("a",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert RUNS == [1, 2]


def test_a_lost_blob_that_cannot_be_written_anew_is_paid_for_once(
    spot: bs.Spot, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    answer("a")
    for path in (tmp_path / "blobs").rglob("*.bin"):
        path.unlink()
    with locked(), pytest.warns(CacheReadWarning, match="its value is not found"):
        assert [answer("a") for _ in range(3)] == [[2]] * 3
    assert spot.parts.store.damaged == 1


def test_a_damaged_row_that_cannot_be_replaced_is_paid_for_and_counted_once(
    spot: bs.Spot, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot)
    answer("a")
    with closing(sqlite3.connect(tmp_path / "a.db")) as file, file:
        file.execute("UPDATE tasks SET result_data = x'00'")
    with locked(), pytest.warns(CacheReadWarning, match="could not be read"):
        assert [answer("a") for _ in range(3)] == [[2]] * 3
    assert spot.parts.store.damaged == 1


def test_what_waits_is_served_while_a_newer_result_is_being_tried(clock: FrozenClock, tmp_path: Path) -> None:
    seen: list[Any] = []

    class Refuses(MemoryTaskDB):
        refuses = False

        def put(self, task: Task, /) -> None:
            if self.refuses:
                seen.append(answer("a"))
                raise StorageError("not now")
            super().put(task)

    db = Refuses()
    answer = marked(bs.Spot("held", db=db, storage=tmp_path, clock=clock))
    answer("a")
    db.refuses = True
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        assert [answer.refresh("a"), answer.refresh("a"), answer("a")] == [[2], [3], [3]]
    assert seen == [[1], [2]]
    db.refuses = False


@pytest.mark.parametrize("set_back_s", [0, 3600])
def test_what_another_process_kept_since_is_served_and_stays(
    spot: bs.Spot, other: bs.Spot, clock: FrozenClock, answer: Any, locked: Locked, set_back_s: int
) -> None:
    answer("a")
    clock.advance(-set_back_s)
    with locked():
        answer.refresh("a")
    clock.advance(1)
    other.mark(ask).refresh("a")
    assert answer("a") == [3]
    spot.flush()
    assert answer("a") == [3]


def test_a_clock_set_back_loses_no_result_that_waits(
    spot: bs.Spot, clock: FrozenClock, answer: Any, locked: Locked
) -> None:
    answer("a")
    clock.advance(-3600)
    with locked():
        answer.refresh("a")
        assert answer("a") == [2]
    spot.flush()
    assert len(spot.parts.store.unsaved) == 0
    assert answer("a") == [2]


def test_a_result_that_waited_is_newer_in_the_database_than_the_one_it_replaced(
    spot: bs.Spot, clock: FrozenClock, answer: Any, locked: Locked
) -> None:
    answer("a")
    db, key = spot.parts.store.db, answer.key("a")
    assert isinstance(db, SQLiteTaskDB)
    before = db.upkeep.updated_at([key])[key]
    clock.advance(-3600)
    with locked():
        answer.refresh("a")
    spot.flush()
    assert db.upkeep.updated_at([key])[key] == before + timedelta(microseconds=1)


def test_an_invalidated_result_that_waits_takes_its_blob_along(spot: bs.Spot, tmp_path: Path, locked: Locked) -> None:
    answer = marked(spot, save_blob=True)
    answer("a")
    with locked():
        answer.refresh("a")
        answer("b")
    assert blobs(tmp_path) == 3
    assert answer.invalidate("a")
    assert spot.invalidate(function=answer) == 1
    assert blobs(tmp_path) == 0
    assert not answer.is_cached("a")


def test_a_refused_invalidation_brings_nothing_older_back(spot: bs.Spot, answer: Any, locked: Locked) -> None:
    answer("a")
    with locked():
        answer.refresh("a")
        with pytest.raises(StorageError):
            answer.invalidate("a")
        with pytest.raises(StorageError):
            answer.cache_clear()
        assert answer("a") == [2]
    assert answer.invalidate("a")
    assert not answer.is_cached("a")


def test_what_waits_is_not_written_between_the_steps_of_its_deletion(clock: FrozenClock, tmp_path: Path) -> None:
    class Moody(MemoryTaskDB):
        refuses = True

        def put(self, task: Task, /) -> None:
            if self.refuses:
                raise StorageError("not now")
            super().put(task)

        def delete(self, keys: Iterable[str], /) -> int:
            count = super().delete(keys)
            writes.start()
            writes.join(0.1)  # it waits for the end of this call
            return count

    db = Moody()
    spot = bs.Spot("held", db=db, storage=tmp_path, clock=clock)
    answer, writes = marked(spot), threading.Thread(target=spot.flush)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        answer("a")
    db.refuses = False
    assert answer.invalidate("a")
    writes.join()
    assert not answer.is_cached("a")


def test_a_list_holds_what_waits_once_and_newest_first(
    spot: bs.Spot, clock: FrozenClock, answer: Any, locked: Locked
) -> None:
    answer.map("abc", workers=1, progress=False)
    with locked():
        for question in "bd":
            clock.advance(1)
            answer.refresh(question)
    found = list(spot.parts.store.find(TaskFilter(function="ask")))
    assert [task.cache_key for task in found[:2]] == [answer.key("d"), answer.key("b")]
    assert sorted(task.cache_key for task in found) == sorted(answer.key(each) for each in "abcd")
    assert [task.result_data for task in found] == [None] * 4
    assert answer.cache_clear() == 4
    assert not list(spot.parts.store.find(TaskFilter()))


def test_what_goes_by_its_own_tags_leaves_nothing_older_behind(spot: bs.Spot, answer: Any, locked: Locked) -> None:
    answer("a")
    with locked():
        tagged = marked(spot, tags=("new",))
        tagged.refresh("a")
    assert spot.parts.store.delete_where(TaskFilter(tags=("new",))) == 1
    assert not answer.is_cached("a")


def test_blobs_that_no_row_names_any_more_go_when_a_result_that_waited_is_written(
    spot: bs.Spot, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    answer.map("ab", progress=False)
    with locked():
        answer.refresh("a")
        answer.refresh("b")
    answer.refresh("b")
    spot.flush()
    assert [answer("a"), answer("b")] == [[3], [5]]
    assert blobs(tmp_path) == 2


class Slow(MemoryTaskDB):
    """Takes 0.03 s for whatever is written behind a result, and refuses what is told."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock
        self.refuses: Callable[[Task], bool] = lambda _: True
        self.batches: list[int] = []

    def put(self, task: Task, /) -> None:
        self.refuse([task])
        super().put(task)

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        self.batches.append(len(tasks))
        self.clock.advance(0.03)
        self.refuse(tasks)
        return self.upkeep.put_newer(tasks)

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        return self.upkeep.updated_at(keys)

    def refuse(self, tasks: Sequence[Task]) -> None:
        if any(map(self.refuses, tasks)):
            raise StorageError("not now")


@pytest.fixture
def slow(clock: FrozenClock, tmp_path: Path) -> Any:
    return bs.Spot("held", db=Slow(clock), storage=tmp_path / "blobs", clock=clock)


def test_a_call_writes_what_waits_for_a_tenth_of_a_second_and_flush_all_of_it(slow: bs.Spot) -> None:
    answer, db = marked(slow), cast("Slow", slow.parts.store.db)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        answer.map(range(1000), workers=1, progress=False)
    db.refuses = lambda _: False
    db.batches.clear()
    answer("a")
    assert (len(slow.parts.store.unsaved), db.batches) == (600, [100] * 4)
    slow.flush()
    assert (len(slow.parts.store.unsaved), db.batches) == (0, [100] * 10)


def test_a_row_that_is_refused_holds_up_neither_its_batch_nor_later_calls(slow: bs.Spot) -> None:
    answer, db = marked(slow), cast("Slow", slow.parts.store.db)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        answer.map("abcdefgh", workers=1, progress=False)
    bad = {answer.key(question) for question in "abcefg"}
    db.refuses = lambda task: task.cache_key in bad
    answer.map(range(4), workers=1, progress=False)
    assert slow.parts.store.unsaved.waiting.keys() == bad
    slow.parts.store.unsaved.forget()


def test_of_many_that_waited_only_what_is_newer_elsewhere_stays_away(
    spot: bs.Spot, other: bs.Spot, clock: FrozenClock, locked: Locked
) -> None:
    answer = marked(spot)
    answer("a")
    clock.advance(-3600)
    with locked():
        assert [answer.refresh("a"), *map(answer, "bcd")] == [[2], [3], [4], [5]]
    clock.advance(1)
    other.mark(ask)("c")
    spot.flush()
    assert [*map(answer, "abcd")] == [[2], [3], [6], [5]]
    assert len(spot.parts.store.unsaved) == 0


def test_of_results_that_waited_one_after_the_other_the_last_ones_blob_stays(
    spot: bs.Spot, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    answer("a")
    with locked():
        assert [answer.refresh("a") for _ in range(3)] == [[2], [3], [4]]
    spot.flush()
    assert (answer("a"), blobs(tmp_path)) == ([4], 1)


def test_a_result_that_waited_in_vain_takes_its_blob_along(
    spot: bs.Spot, other: bs.Spot, clock: FrozenClock, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    with locked():
        answer("a")
    clock.advance(1)
    other.mark(save_blob=True)(ask)("a")
    spot.flush()
    assert answer("a") == [2]
    assert blobs(tmp_path) == 1


def test_a_result_whose_blob_was_cleaned_away_while_it_waited_is_told_of_and_computed_again(
    spot: bs.Spot, clock: FrozenClock, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    with locked():
        answer("a")
        answer("b")
    clock.advance(BLOB_IS_SAFE_S)
    (tmp_path / "blobs" / spot.parts.store.unsaved.waiting[answer.key("a")].locations[0]).unlink()
    with pytest.warns(CacheSaveWarning, match=r"a result of .*ask is lost, whose blob '.*' was deleted"):
        spot.flush()
    assert [answer.is_cached("a"), answer.is_cached("b"), answer("a")] == [False, True, [3]]
    assert GRACE.total_seconds() >= 2 * BLOB_IS_SAFE_S


def test_nobody_is_told_of_a_lost_blob_whose_result_another_process_has_anew(
    spot: bs.Spot, other: bs.Spot, clock: FrozenClock, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    with locked():
        answer("a")
    clock.advance(BLOB_IS_SAFE_S)
    (tmp_path / "blobs" / spot.parts.store.unsaved.waiting[answer.key("a")].locations[0]).unlink()
    other.mark(save_blob=True)(ask)("a")
    with warnings.catch_warnings(record=True) as said:
        spot.flush()
    assert (said, len(spot.parts.store.unsaved), answer("a")) == ([], 0, [2])


def test_a_storage_that_is_away_loses_no_result_that_waits(
    spot: bs.Spot, clock: FrozenClock, tmp_path: Path, locked: Locked
) -> None:
    answer = marked(spot, save_blob=True)
    with locked():
        answer("a")
    clock.advance(BLOB_IS_SAFE_S)
    folder = tmp_path / "blobs" / Path(spot.parts.store.unsaved.waiting[answer.key("a")].locations[0]).parent
    folder.rename(tmp_path / "away")
    folder.symlink_to(folder)
    spot.flush()
    folder.unlink()
    (tmp_path / "away").rename(folder)
    assert (len(spot.parts.store.unsaved), answer("a")) == (0, [1])


class LosesAnswers(MemoryTaskDB):
    """Keeps a row and says that it didn't, as a server does whose connection breaks in between."""

    def put(self, task: Task, /) -> None:
        super().put(task)
        raise StorageError("the connection was lost")


def test_a_result_that_was_written_after_all_keeps_its_blob(clock: FrozenClock, tmp_path: Path) -> None:
    spot = bs.Spot("held", db=LosesAnswers(), storage=tmp_path / "blobs", clock=clock)
    answer = marked(spot, save_blob=True)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        answer("a")
    spot.flush()
    assert len(spot.parts.store.unsaved) == 0
    assert (answer("a"), blobs(tmp_path)) == ([1], 1)
