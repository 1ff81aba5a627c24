"""Runs become rows of the journal."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.journal import SLOW_S
from beautyspot.recording import Entered, Ledger, Sums
from beautyspot.recording.ledger import MAX_BEHIND, MAX_UNREAD, MAX_UNREAD_ASIDE
from beautyspot.records import Run
from beautyspot.testing import FrozenClock

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int, **more: Any) -> Run:
    told = {"kind": "llm", "name": "m", "started_at": START, "status": "ok", "nested": False, "tags": (), "waited_s": 0}
    blank: dict[str, Any] = dict.fromkeys(Run._fields)
    return Run(**{**blank, **told, "run_id": str(number), "trace_id": str(number), **more})


def entered(number: int) -> Entered:
    if number < 0:
        raise ValueError(number)
    return Entered(run(number), 10, 0.5)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        yield db


def ledger_on(db: SQLiteTaskDB, clock: FrozenClock, *, aside: bool = False) -> Ledger[int]:
    spot = bs.Spot(db=db, storage=Path(db.path).with_name("blobs"), clock=clock)
    return Ledger(spot.parts.journal, Sums(), entered, aside=aside)


def written(db: SQLiteTaskDB) -> int:
    return len(list(db.read_runs()))


def wait_for_thread() -> None:
    for thread in threading.enumerate():
        if thread.name in ("beautyspot-ledger", "beautyspot-journal"):
            thread.join(60)


@pytest.mark.parametrize("aside", [False, True])
def test_a_flush_writes_every_run(db: SQLiteTaskDB, clock: FrozenClock, aside: bool) -> None:
    ledger = ledger_on(db, clock, aside=aside)
    for number in range(5):
        ledger.add(number, 0)
    assert ledger.flush()
    assert written(db) == len(ledger.rows()) == 5
    assert (ledger.totals().calls, ledger.totals().spent_tokens) == (5, 50)


def test_few_runs_wait_until_it_is_time(db: SQLiteTaskDB, clock: FrozenClock) -> None:
    ledger = ledger_on(db, clock)
    ledger.add(1, 0)
    assert written(db) == 0
    clock.advance(6)
    ledger.add(2, 0)
    wait_for_thread()
    assert written(db) == 2


def test_a_thread_writes_when_it_is_time(db: SQLiteTaskDB, clock: FrozenClock) -> None:
    ledger = ledger_on(db, clock, aside=True)
    clock.advance(6)
    ledger.add(1, 0)
    wait_for_thread()
    assert written(db) == 1


@pytest.mark.parametrize("aside", [False, True])
def test_a_run_that_took_long_is_written_soon_with_what_waits_though_nothing_follows(
    db: SQLiteTaskDB, clock: FrozenClock, aside: bool
) -> None:
    ledger = ledger_on(db, clock, aside=aside)
    for number in range(2):
        ledger.add(2 * number, 0)
        ledger.add(2 * number + 1, SLOW_S)
        wait_for_thread()
        assert written(db) == 2 * number + 2


@pytest.mark.parametrize(("aside", "count"), [(False, MAX_UNREAD), (True, MAX_UNREAD_ASIDE)])
def test_many_runs_become_rows_at_once(db: SQLiteTaskDB, clock: FrozenClock, aside: bool, count: int) -> None:
    made: list[int] = []
    ledger = ledger_on(db, clock, aside=aside)
    ledger._enter = lambda number: made.append(number) or entered(number)  # pyright: ignore[reportPrivateUsage]
    for number in range(count):
        ledger.add(number, 0)
    wait_for_thread()
    assert made == list(range(count))


def test_a_thread_that_falls_behind_is_helped_and_nothing_is_dropped(db: SQLiteTaskDB, clock: FrozenClock) -> None:
    ledger = ledger_on(db, clock, aside=True)
    with ledger._lock:  # pyright: ignore[reportPrivateUsage] - the thread waits for it
        for number in range(MAX_BEHIND + 1):
            ledger.add(number, 0)
    wait_for_thread()
    ledger.flush()
    assert (written(db), ledger.totals().dropped) == (MAX_BEHIND + 1, 0)


def test_what_cannot_be_read_is_counted(db: SQLiteTaskDB, clock: FrozenClock) -> None:
    ledger = ledger_on(db, clock)
    ledger.add(-1, 0)
    ledger.add(1, 0)
    assert ([row.run_id for row in ledger.rows()], ledger.totals().failures) == (["1"], 1)


def test_calls_that_a_parent_counts_as_well_are_in_no_sum() -> None:
    sums = Sums()
    sums.add(run(1), 10, 0.5)
    sums.add(run(2, nested=True), 10, 0.5)
    totals = sums.totals(dropped=0)
    assert (totals.runs, totals.calls, totals.spent_tokens) == (2, 1, 10)
