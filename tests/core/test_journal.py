"""Counts and runs, written in batches."""

import asyncio
import inspect
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from beautyspot.db import MemoryTaskDB
from beautyspot.errors import StorageError
from beautyspot.journal import FLUSH_EVERY_S, MAX_BATCH_RUNS, MAX_PENDING_RUNS, RETRY_S, SLOW_S, Journal
from beautyspot.records import Activity, Run
from beautyspot.tallies import MAX_UNCOUNTED
from beautyspot.testing import FrozenClock


class Paper(MemoryTaskDB):
    """A memory database that shows what was written, and may refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Activity] = []
        self.refuses = False

    def add_activity(self, rows) -> None:
        if self.refuses:
            raise StorageError("full")
        self.written.extend(rows)


def test_counts_are_written_once_with_the_minute_they_began(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    tally = journal.tally("m.f")
    tally.hit(2.5, "k"), tally.hit(0.5, "k"), tally.miss(1.0, failed=False), tally.miss(0.0, failed=True)
    journal.flush(), journal.flush()
    minute = datetime.fromtimestamp(clock.time() // 60 * 60, UTC)
    assert paper.written == [Activity("m.f", minute, 2, 1, 1, 3.0, 1.0, 0, 0)]


def test_refused_counts_are_written_later(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").hit(1.0, "k")
    paper.refuses = True
    assert not journal.flush()
    journal.tally("m.f").hit(1.0, "k")
    paper.refuses = False
    assert journal.flush()
    assert [row.hits for row in paper.written] == [2]
    assert journal.tally("m.f").info().hits == 2


def test_tokens_are_counted_and_a_refused_count_is_not_lost(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").tokens(spent=100, saved=7)
    paper.refuses = True
    assert not journal.flush()
    journal.tally("m.f").tokens(spent=20)
    paper.refuses = False
    assert journal.flush()
    assert journal.flush()
    assert [(row.tokens_spent, row.tokens_saved) for row in paper.written] == [(120, 7)]


def test_tick_writes_only_after_a_while(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").hit(1.0, "k")
    journal.tick()
    assert not paper.written
    clock.advance(FLUSH_EVERY_S)
    journal.tick()
    assert len(paper.written) == 1


def test_a_slow_call_is_written_down_at_once_and_a_quick_one_is_not(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").miss(0.0, failed=False)
    journal.tick(SLOW_S / 2)
    assert not paper.written
    journal.tick(SLOW_S)
    assert [row.misses for row in paper.written] == [1]


def test_slow_calls_leave_a_database_that_refused_alone(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").miss(0.0, failed=False)
    paper.refuses = True
    journal.tick(SLOW_S)
    paper.refuses = False
    journal.tick(SLOW_S)
    assert not paper.written
    clock.advance(RETRY_S)
    journal.tick()
    journal.tally("m.f").miss(0.0, failed=False)
    journal.tick(SLOW_S)
    assert [row.misses for row in paper.written] == [1, 1]


def test_tick_leaves_a_database_that_refused_alone_for_a_while(clock: FrozenClock):
    paper = Paper()
    journal = Journal(paper, clock)
    journal.tally("m.f").hit(1.0, "k")
    paper.refuses = True
    journal.flush()
    paper.refuses = False
    clock.advance(RETRY_S - 1)
    journal.tick()
    assert not paper.written
    clock.advance(1)
    journal.tick()
    assert len(paper.written) == 1


def test_no_count_is_lost_between_threads(clock: FrozenClock):
    tally = Journal(MemoryTaskDB(), clock).tally("m.f")

    def work() -> None:
        for _ in range(2000):
            tally.hit(1.0, "k")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.info()[:4] == (16_000, 0, 0, 16_000.0)


def test_hits_of_many_threads_are_all_counted_while_the_counts_are_taken() -> None:
    tally = Journal(MemoryTaskDB(), FrozenClock()).tally("m.f")
    together, taken = threading.Barrier(5), []

    def hit() -> None:
        together.wait()
        for _ in range(2 * MAX_UNCOUNTED):
            tally.hit(0.5, "k")

    threads = [threading.Thread(target=hit) for _ in range(4)]
    for thread in threads:
        thread.start()
    together.wait()
    while any(thread.is_alive() for thread in threads):
        taken.append(tally.take())
    taken.append(tally.take())
    rows = [row for row in taken if row is not None]
    assert sum(row.hits for row in rows) == tally.info().hits == 8 * MAX_UNCOUNTED
    assert sum(row.saved_s for row in rows) == tally.info().saved_s == 4.0 * MAX_UNCOUNTED


def run(number: int) -> Run:
    return Run(
        str(number), None, "t", "llm", "m", None, datetime.now(UTC), 1.0, None, 0.0, "ok", None, None, None, None, None,
        False, None, None, (), None,
    )  # fmt: skip


def test_a_run_never_waits_for_the_database_and_a_flush_does(clock: FrozenClock):
    may_write = threading.Event()

    class Slow(MemoryTaskDB):
        def add_runs(self, rows: Sequence[Run], /) -> None:
            assert may_write.wait(5)
            super().add_runs(rows)

    db = Slow()
    journal = Journal(db, clock)
    clock.advance(FLUSH_EVERY_S)
    for number in range(MAX_PENDING_RUNS):
        journal.add_run(run(number))
    assert not db.runs
    may_write.set()
    assert journal.flush()
    assert (len(db.runs), journal.dropped_runs) == (MAX_PENDING_RUNS, 0)


@pytest.mark.parametrize("joins", [True, False])
def test_who_comes_while_a_locked_database_is_waited_for_joins_the_writer_or_tries_itself(
    clock: FrozenClock, joins: bool
):
    code, first = inspect.getsourcelines(Journal.flush)
    waiting = first + next(place for place, line in enumerate(code) if "_writing.acquire()" in line)
    is_asked, gives_up = threading.Event(), threading.Event()
    waits: list[int] = []

    class Locked(MemoryTaskDB):
        def add_runs(self, rows: Sequence[Run], /) -> None:
            waits.append(len(rows))
            is_asked.set()
            assert gives_up.wait(20)
            raise StorageError("database is locked")

    journal = Journal(Locked(), clock)
    journal.add_run(run(1))
    journal.tick_soon(SLOW_S)
    assert is_asked.wait(20)
    journal.add_run(run(2))
    journal.tick_soon(SLOW_S)
    flushed: list[bool] = []
    flush = threading.Thread(target=lambda: flushed.append(journal.flush(joins=joins)))
    flush.start()
    while (frame := sys._current_frames().get(flush.ident or 0)) is None or frame.f_lineno != waiting:
        assert flush.is_alive()
    writers = [each for each in threading.enumerate() if each.name == "beautyspot-journal"]
    gives_up.set()
    for thread in (flush, *writers):
        thread.join(20)
    assert (flushed, waits, journal.lost_runs) == ([False], [1] if joins else [1, 2], 2)


def test_counts_wait_while_the_database_rests(clock: FrozenClock):
    paper, rests = Paper(), True
    journal = Journal(paper, clock, rests=lambda: rests)
    journal.tally("m.f").miss(0.0, failed=False)
    clock.advance(FLUSH_EVERY_S)
    journal.tick(), journal.tick(SLOW_S)
    assert paper.written == []
    rests = False
    journal.tick()
    assert len(paper.written) == 1


def test_a_run_noted_on_an_event_loop_never_waits_for_the_database(clock: FrozenClock):
    may_write, written = threading.Event(), threading.Event()

    class Slow(MemoryTaskDB):
        def add_runs(self, rows: Sequence[Run], /) -> None:
            assert may_write.wait(5)
            super().add_runs(rows)
            written.set()

    db = Slow()
    journal = Journal(db, clock)

    async def notes() -> None:
        clock.advance(FLUSH_EVERY_S)
        journal.add_run(run(1))
        journal.add_run(run(2))
        may_write.set()

    asyncio.run(notes())
    assert written.wait(20)
    assert journal.flush()
    assert sorted(db.runs) == ["1", "2"]


def test_a_whole_batch_of_runs_is_written_at_once_and_none_is_given_up(clock: FrozenClock):
    db = MemoryTaskDB()
    journal = Journal(db, clock)
    for number in range(MAX_PENDING_RUNS + 2):
        journal.add_run(run(number))
    assert len(db.runs) > MAX_PENDING_RUNS - MAX_BATCH_RUNS
    assert journal.dropped_runs == 0


class Unwritable(MemoryTaskDB):
    """A memory database that keeps no runs today."""

    tries = 0
    is_full = True

    def add_runs(self, rows: Sequence[Run], /) -> None:
        self.tries += 1
        if self.is_full:
            raise StorageError("full")
        super().add_runs(rows)


def test_runs_that_are_given_up_while_nothing_can_be_written_are_counted(clock: FrozenClock):
    db = Unwritable()
    journal = Journal(db, clock)
    for number in range(MAX_PENDING_RUNS + 2):
        journal.add_run(run(number))
    assert db.tries == 1
    assert not journal.flush()
    journal.add_run(run(0))
    assert journal.dropped_runs == 3


def test_refused_runs_count_as_lost_until_they_are_written(clock: FrozenClock):
    db = Unwritable()
    journal = Journal(db, clock)
    journal.add_run(run(1))
    assert (journal.flush(), journal.lost_runs, journal.refusal) == (False, 1, "StorageError: full")
    db.is_full = False
    assert (journal.flush(), journal.lost_runs) == (True, 0)


def test_runs_behind_refused_counts_are_lost_for_the_same_reason(clock: FrozenClock):
    paper = Paper()
    paper.refuses = True
    journal = Journal(paper, clock)
    journal.tally("f").miss(0.0, failed=False)
    journal.add_run(run(1))
    assert (journal.flush(), journal.lost_runs, journal.refusal) == (False, 1, "StorageError: full")


class Interrupted(Paper):
    """A database at which somebody presses Ctrl-C."""

    def add_runs(self, runs: Sequence[Run]) -> None:
        raise KeyboardInterrupt


def test_runs_whose_writing_was_interrupted_wait_still(clock: FrozenClock):
    journal = Journal(Interrupted(), clock)
    journal.add_run(run(1))
    with pytest.raises(KeyboardInterrupt):
        journal.flush()
    assert journal.unwritten_runs == 1


class Holding:
    """A source of one run."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def add_runs(self) -> None:
        self.journal.add_run(run(1))


def test_what_a_source_holds_back_is_written_with_the_next_batch_while_anybody_holds_it(clock: FrozenClock):
    db = MemoryTaskDB()
    journal = Journal(db, clock)
    source = Holding(journal)
    journal.add_source(source)
    assert journal.flush()
    assert list(db.runs) == ["1"]
    db.runs.clear()
    del source
    assert journal.flush()
    assert not db.runs
