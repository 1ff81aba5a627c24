"""A database of another package that raises errors of its own: no caller meets them, and what can wait waits."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.records import Activity, Entry, Task, TaskFilter
from beautyspot.testing import FrozenClock


class TheirError(Exception):
    """As drivers of databases have them."""


def fail(*_: object) -> Any:
    raise TheirError("throttled; slow down")


class Foreign(MemoryTaskDB):
    """A real memory database, in a trouble that it tells in its own way."""

    ails = True
    locks = SimpleNamespace(try_acquire=fail, acquire=fail, release=fail)

    def get(self, key: str, /) -> Entry | None:
        return fail() if self.ails else super().get(key)

    def put(self, task: Task, /) -> None:
        return fail() if self.ails else super().put(task)

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        return fail() if self.ails else super().add_activity(rows)


@pytest.mark.filterwarnings("ignore::beautyspot.CacheWarning")
def test_calls_and_flushes_go_on_and_results_are_kept_later(clock: FrozenClock) -> None:
    db = Foreign()
    spot = bs.Spot("foreign", db=db, storage="memory://", clock=clock)
    double = spot.mark(lambda number: number * 2)
    for number in range(3):
        assert double(number) == number * 2
        clock.advance(60)  # time to write the counts
    spot.flush()
    db.ails = False
    spot.flush()
    assert (len(list(db.find(TaskFilter()))), double(1), double.cache_info().hits) == (3, 2, 1)
    assert sum(row.misses for row in db.read_activity()) == 3


@pytest.mark.filterwarnings("ignore::beautyspot.CacheReadWarning")
def test_what_is_held_says_whose_trouble_it_is(clock: FrozenClock) -> None:
    spot = bs.Spot("foreign", db=Foreign(), storage="memory://", clock=clock)
    with pytest.warns(bs.CacheSaveWarning, match=r"TheirError: throttled, slow down .*; it is held in memory"):
        spot.mark(lambda: 1)()
    spot.parts.store.db.ails = False  # type: ignore[attr-defined]
    spot.flush()


POWERS = [
    "get_many", "put_many", "add_activity", "add_runs", "origin", "note_origin", "wake", "close", "locks.try_acquire",
    "locks.acquire", "locks.release", "uses.note", "uses.last", "upkeep.expired_tasks", "upkeep.size_bytes",
    "upkeep.tasks_from", "upkeep.delete_unchanged", "upkeep.updated_at", "upkeep.put_newer", "upkeep", "advance_limit",
    "restore_limit", "note_limit_rate", "holds_legacy", "get_legacy", "claim_legacy",
]  # fmt: skip


class Part:
    """What a database keeps for one power."""

    def __init__(self, db: "Ailing", name: str, part: object) -> None:
        self._db, self._name, self._part = db, name, part

    def __getattr__(self, name: str) -> Any:
        return fail if self._db.ails == f"{self._name}.{name}" else getattr(self._part, name)


class Ailing(SQLiteTaskDB):
    """A file with every power, of which one may be in trouble."""

    ails = ""

    def __getattribute__(self, name: str) -> Any:
        if name == "ails" or name != self.ails:
            part = super().__getattribute__(name)
            return Part(self, name, part) if name in ("locks", "uses", "upkeep") else part
        return fail

    def wake(self) -> None:
        """Have nothing to wake."""


@pytest.mark.parametrize("power", POWERS)
def test_no_power_in_trouble_costs_a_call_its_result(tmp_path: Path, clock: FrozenClock, power: str) -> None:
    db = Ailing(tmp_path / "a.db")
    spot = bs.Spot("x", db=db, storage="memory://", clock=clock, max_size="1kB", tpm=6000, shared_limit=True)
    double = spot.limiter(cost=1)(spot.mark(lambda number: [number] * 200))
    db.ails = power
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for number in (*range(20), 19):
            assert double(number) == [number] * 200
            clock.advance(60)
        spot.flush()
    assert all(issubclass(each.category, bs.CacheWarning) and "TheirError" in str(each.message) for each in said)


def test_a_store_that_can_not_be_kept_within_its_size_says_so(tmp_path: Path) -> None:
    db = Ailing(tmp_path / "a.db")
    spot = bs.Spot("x", db=db, storage="memory://", max_size="1kB")
    db.ails = "upkeep.expired_tasks"
    with pytest.warns(
        bs.CacheWarning, match=r"within max_size .*TheirError: throttled; slow down.*; see the documents"
    ):
        assert [spot.run(int, number) for number in range(9)] == list(range(9))
    db.ails = ""


def test_a_shared_limit_in_trouble_paces_alone_and_says_so(tmp_path: Path, clock: FrozenClock) -> None:
    db = Ailing(tmp_path / "a.db")
    limiter = bs.Spot("x", db=db, clock=clock, tpm=60, shared_limit=True)._limiter
    first = limiter.reserve()
    db.ails = "advance_limit"
    with pytest.warns(bs.CacheWarning, match="TheirError: .*each process now paces its own calls"):
        assert (limiter.reserve(), limiter.reserve(), limiter.waiting_s()) == (0, 1, 2)
    db.ails = "restore_limit"
    limiter.give_back(first)
    db.ails = ""
