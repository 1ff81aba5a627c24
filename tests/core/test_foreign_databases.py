"""A database of another package that raises errors of its own: no caller meets them, and what can wait waits."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB
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
