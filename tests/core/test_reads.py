"""What hits read is noted in batches, and never by a hit."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import beautyspot as bs
from beautyspot.clocks import Clock
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.db.memory_upkeep import MemoryUses
from beautyspot.errors import StorageError
from beautyspot.journal import FLUSH_EVERY_S
from beautyspot.reads import BATCH, FRESH_S, MAX_HELD, Reads
from beautyspot.records import TaskFilter
from beautyspot.testing import FrozenClock


class Notes(MemoryUses):
    """Notes of use that show what was noted, and may refuse."""

    def __init__(self) -> None:
        super().__init__({})
        self.noted: list[list[str]] = []
        self.refuses = False

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        if self.refuses:
            raise StorageError("full")
        self.noted.append(sorted(keys))


class Notebook(MemoryTaskDB):
    def __init__(self) -> None:
        super().__init__()
        self.uses = Notes()

    @property
    def noted(self) -> list[list[str]]:
        return self.uses.noted


def some(count: int) -> list[str]:
    return [f"{number:05}" for number in range(count)]


def test_each_key_is_noted_once_in_an_hour(clock: FrozenClock) -> None:
    book = Notebook()
    reads = Reads(book, clock)
    reads.see(["a", "b", "a"])
    assert reads.write()
    reads.see(["a", "c"])
    assert reads.write()
    assert book.noted == [["a", "b"], ["c"]]
    clock.advance(FRESH_S + 1)
    reads.see(["a"])
    assert reads.write()
    assert book.noted[2:] == [["a"]]


def test_a_step_writes_a_few_hundred_keys_and_the_end_all(clock: FrozenClock) -> None:
    book = Notebook()
    reads = Reads(book, clock)
    reads.see(some(5 * BATCH))
    reads.write()
    assert [len(keys) for keys in book.noted] == [BATCH]
    reads.write_all()
    assert sorted(chain(*book.noted)) == some(5 * BATCH)


def test_what_was_refused_is_noted_later(clock: FrozenClock) -> None:
    book = Notebook()
    reads = Reads(book, clock)
    reads.see(["a"])
    book.uses.refuses = True
    assert not reads.write_all()
    book.uses.refuses = False
    assert reads.write_all()
    assert book.noted == [["a"]]


def test_a_flood_of_keys_is_held_in_bounds(clock: FrozenClock) -> None:
    book = Notebook()
    reads = Reads(book, clock)
    for start in range(0, 200_000, 4096):
        reads.see([str(number) for number in range(start, start + 4096)])
    reads.write_all()
    assert sum(map(len, book.noted)) <= MAX_HELD + 4096


def test_a_database_without_notes_is_left_alone(clock: FrozenClock) -> None:
    class Plain(MemoryTaskDB):
        def __init__(self) -> None:
            super().__init__()
            del self.uses

    reads = Reads(Plain(), clock)
    reads.see(["a"])
    assert reads.write_all()


def marked(spot: bs.Spot) -> Callable[[int], int]:
    @spot.mark
    def double(number: int) -> int:
        return 2 * number

    return double


def test_what_a_spot_read_is_noted_at_its_flush(spot: bs.Spot, clock: FrozenClock, tmp_path: Path) -> None:
    double = marked(spot)
    double(1), double(2)
    clock.advance(2 * FRESH_S)
    double(2)
    spot.flush()
    db = SQLiteTaskDB(tmp_path / "test.db")
    keys = [task.cache_key for task in db.find(TaskFilter())]
    used_at = datetime.fromtimestamp(clock.time(), UTC)
    assert list(db.uses.last(keys).values()) == [used_at]
    db.close()


def test_a_miss_notes_what_hits_before_it_read(clock: FrozenClock) -> None:
    book = Notebook()
    double = marked(bs.Spot("test", db=book, storage="memory://", clock=clock))
    double(1), double(1)
    clock.advance(FLUSH_EVERY_S)
    double(1)
    assert book.noted == []
    double(2)
    assert len(book.noted) == 1


def test_hits_of_many_functions_share_the_bounds(clock: Clock) -> None:
    book = Notebook()
    spot = bs.Spot("test", db=book, storage="memory://", clock=clock)
    for double in (marked(spot), marked(spot)):
        double(1), double(1)
    spot.flush()
    assert [len(keys) for keys in book.noted] == [1]
