"""A call whose entry can't be read."""

import asyncio
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import beautyspot as bs
import pytest
from beautyspot.storage import LocalStorage
from beautyspot.testing import FrozenClock


def call(marked: Any) -> Any:
    return marked(1)


def map_one(marked: Any) -> Any:
    return marked.map([1], progress=False)


def awaited(way: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def scene(marked: Any) -> Any:
        return await way(marked)

    return lambda marked: asyncio.run(scene(marked))


async def double_async(x: int) -> int:
    return 2 * x


def double(x: int) -> int:
    return 2 * x


WAYS = pytest.mark.parametrize(
    ("function", "way"),
    [(double, call), (double, map_one), (double_async, awaited(call)), (double_async, awaited(map_one))],
    ids=["call", "map", "async call", "async map"],
)


@WAYS
@pytest.mark.parametrize("damage", ["result_data = x'c1'", "expires_at = 'soon'"])
def test_a_damaged_entry_is_counted_once_a_call(spot: bs.Spot, tmp_path: Path, function: Any, way: Any, damage: str):
    marked = spot.mark(function)
    way(marked)
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection, connection:
        connection.execute(f"UPDATE tasks SET {damage}")
    with pytest.warns(bs.CacheReadWarning, match="could not be read"):
        assert way(marked) in (2, [2])
    assert spot.parts.store.damaged == 1
    assert marked.cache_info().misses == 2
    assert marked.cache_info().unreadable == 1
    way(marked)
    assert (marked.cache_info().hits, marked.cache_info().unreadable) == (1, 1)


class Crossroads:
    """A real folder; of what is about to be read from it another Spot may change something first."""

    def __init__(self, folder: Path) -> None:
        self.folder = LocalStorage(folder)
        self.meanwhile: list[Callable[[], Any]] = []
        self.save, self.delete, self.iter_keys = self.folder.save, self.folder.delete, self.folder.iter_keys

    def load(self, location: str, /) -> bytes:
        if self.meanwhile:
            with ThreadPoolExecutor(1) as another:  # an event loop may run in this thread
                another.submit(self.meanwhile.pop()).result()
        return self.folder.load(location)

    def open(self, location: str, /) -> BinaryIO:
        return self.folder.open(location)


@pytest.fixture
def crossing(spot: bs.Spot, tmp_path: Path, clock: FrozenClock) -> Iterator[tuple[bs.Spot, bs.Spot, Crossroads]]:
    """Return a Spot, another on the same files, and the storage of the first."""
    storage = Crossroads(tmp_path / "blobs")
    reader = bs.Spot("test", db=tmp_path / "test.db", storage=storage, clock=clock)
    with warnings.catch_warnings():
        warnings.simplefilter("error", bs.CacheWarning)
        yield reader, spot, storage
    assert (storage.meanwhile, reader.parts.store.damaged) == ([], 0)
    reader.shutdown()


@WAYS
def test_a_value_that_is_replaced_while_it_is_read_is_a_hit_on_the_new_one(crossing: Any, function: Any, way: Any):
    reader, other, storage = crossing
    mine, others = (each.mark(save_blob=True)(function) for each in (reader, other))
    assert way(mine) in (2, [2])
    refresh = (lambda: asyncio.run(others.refresh(1))) if function is double_async else (lambda: others.refresh(1))
    storage.meanwhile = [refresh, refresh]
    assert way(mine) in (2, [2])
    assert mine.cache_info()[:2] == (1, 1)


@WAYS
def test_a_value_that_is_deleted_while_it_is_read_is_a_plain_miss(crossing: Any, function: Any, way: Any):
    reader, other, storage = crossing
    mine, others = (each.mark(save_blob=True)(function) for each in (reader, other))
    assert way(mine) in (2, [2])
    storage.meanwhile = [lambda: others.invalidate(1)]
    assert way(mine) in (2, [2])
    assert (mine.cache_info()[:2], mine.cache_info().unreadable) == ((0, 2), 0)


def test_a_value_that_went_from_its_blob_into_its_row_while_it_is_read_is_a_hit(crossing: Any):
    reader, other, storage = crossing
    mine, others = reader.mark(save_blob=True)(double), other.mark(double)
    mine(1)
    storage.meanwhile = [lambda: others.refresh(1)]
    assert (mine(1), mine.cache_info().hits) == (2, 1)


def test_a_stream_that_could_not_be_read_is_counted_as_such(spot: bs.Spot, tmp_path: Path):
    @spot.mark
    def count(n: int) -> Any:
        yield from range(n)

    list(count(2))
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection, connection:
        connection.execute("UPDATE tasks SET result_data = x'c1'")
    with pytest.warns(bs.CacheReadWarning, match="could not be read"):
        assert list(count(2)) == [0, 1]
    assert count.cache_info()[1:] == (2, 0, 0.0, 0.0, 1)


def in_flight(spot: bs.Spot, clock: FrozenClock, meanwhile: Callable[[Any], Any]) -> Any:
    """Mark a function whose first call does something to its own result, and takes a second."""
    answers = iter(["old", "new", "newer"])

    @spot.mark(ignore=("answers",))
    def ask(x: int) -> str:
        answer = next(answers)
        if answer == "old":
            meanwhile(ask)
        clock.advance(1)
        return answer

    return ask


def test_a_refresh_that_ended_while_a_call_ran_is_what_stays(spot: bs.Spot, clock: FrozenClock):
    ask = in_flight(spot, clock, lambda ask: ask.refresh(1))
    assert [ask(1), ask(1), ask.refresh(1), ask(1)] == ["old", "new", "newer", "newer"]


def test_a_refresh_that_ended_while_a_coroutine_ran_is_what_stays(spot: bs.Spot, clock: FrozenClock):
    answers = iter(["old", "new"])

    @spot.mark(ignore=("answers",))
    async def ask(x: int) -> str:
        answer = next(answers)
        if answer == "old":
            await ask.refresh(x)
        clock.advance(1)
        return answer

    assert [asyncio.run(ask(1)), asyncio.run(ask(1))] == ["old", "new"]


def test_a_refresh_that_ended_while_a_stream_ran_is_what_stays(spot: bs.Spot):
    answers = iter(["old", "new", "newer"])

    @spot.mark(ignore=("answers",))
    def flow(x: int) -> Any:
        yield next(answers)

    running = flow(1)
    seen = [next(running), *flow.refresh(1), *running, *flow(1), *flow.refresh(1), *flow(1)]
    assert seen == ["old", "new", "new", "newer", "newer"]


def test_what_is_invalidated_while_its_call_runs_is_kept_afterwards(spot: bs.Spot, clock: FrozenClock):
    ask = in_flight(spot, clock, lambda ask: ask.invalidate(1))
    assert [ask(1), ask(1)] == ["old", "old"]


def eat(path: Path) -> str:
    path.unlink()
    return "paid"


def spoil(item: dict[str, Any]) -> str:
    item["lock"] = threading.Lock()
    return "paid"


def spoil_chunks(item: dict[str, Any]) -> Any:
    yield "paid"
    spoil(item)


def test_a_call_that_takes_away_what_its_key_was_made_of_is_returned_and_kept(spot: bs.Spot, tmp_path: Path):
    take, change = spot.mark(input_key_fn=Path.read_bytes)(eat), spot.mark(spoil)
    for call in (take, take.refresh, take):
        (tmp_path / "a").write_text("1")
        assert call(tmp_path / "a") == "paid"
    assert take.cache_info()[:2] == (1, 2)
    assert [change({"a": 1}), change.refresh({"a": 1}), *spot.mark(spoil_chunks)({"a": 1})] == ["paid"] * 3
    assert change.is_cached({"a": 1})


def close(spot: bs.Spot, tmp_path: Path) -> None:
    """Have the file answer nobody: it is another one now."""
    spot.parts.store.db.close()
    for path in tmp_path.glob("test.db*"):
        path.unlink()
    (tmp_path / "test.db").mkdir()


def test_a_warning_of_reads_that_was_made_an_error_costs_nobody_what_he_paid_for(
    spot: bs.Spot, clock: FrozenClock, tmp_path: Path
):
    @spot.mark
    def ask(x: int) -> int:
        close(spot, tmp_path)
        clock.advance(1)  # a quick call does not look once more
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", bs.CacheReadWarning)
        assert ask(1) == 1
        (tmp_path / "test.db").rmdir()
        assert ask.refresh(2) == 2
        (tmp_path / "test.db").rmdir()
        spot.flush()
    assert (ask.is_cached(1), ask.is_cached(2)) == (True, True)


@WAYS
def test_the_blob_of_an_expired_result_goes_when_another_takes_its_place(
    spot: bs.Spot, tmp_path: Path, clock: FrozenClock, function: Any, way: Any
):
    marked = spot.mark(save_blob=True, ttl=60)(function)
    for _ in range(3):
        assert way(marked) in (2, [2])
        assert way(marked) in (2, [2])
        clock.advance(61)
    assert marked.cache_info()[:2] == (3, 3)
    assert len([*spot.parts.store.storage.iter_keys()]) == 1


class OnePlace(Crossroads):
    """A storage of somebody who names blobs by their keys, though each should get a location of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept: dict[str, bytes] = {}
        self.save, self.load = self.keep, self.kept.__getitem__
        self.delete = self.kept.__delitem__

    def keep(self, key: str, data: bytes, /) -> str:
        self.kept[key] = data
        return key


@pytest.mark.parametrize("again", ["refresh", "expired"])
def test_a_value_that_takes_the_location_of_the_old_one_is_not_deleted(tmp_path: Path, clock: FrozenClock, again: str):
    with bs.Spot("test", db=tmp_path / "a.db", storage=OnePlace(tmp_path / "blobs"), clock=clock) as spot:
        marked = spot.mark(save_blob=True, ttl=60)(double)
        marked(1)
        clock.advance(61 if again == "expired" else 1)
        assert (marked(1) if again == "expired" else marked.refresh(1)) == 2
        assert (marked(1), marked.cache_info().hits) == (2, 1)


def test_the_blob_of_an_expired_result_stays_as_long_as_none_takes_its_place(spot: bs.Spot, clock: FrozenClock):
    paid = True

    @spot.mark(save_blob=True, ttl=60)
    def ask(x: int) -> int:
        if not paid:
            raise TimeoutError
        return x

    ask(1)
    clock.advance(61)
    paid = False
    with pytest.raises(TimeoutError):
        ask(1)
    (blob,) = [*spot.parts.store.storage.iter_keys()]
    assert spot.parts.store.storage.load(blob[0])
    paid = True
    assert ask.refresh(1) == 1
    (other,) = [*spot.parts.store.storage.iter_keys()]
    assert other[0] != blob[0]
