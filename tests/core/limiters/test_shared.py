import asyncio
import os
import sqlite3
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.memory import MemoryTaskDB
from beautyspot.errors import CacheWarning, ConfigurationError, LimitExceeded, StorageError
from beautyspot.limiters import GCRA, SharedGCRA
from beautyspot.limiters.shared import RETRY_S
from beautyspot.limiters.steps import NOTE_EVERY_S
from beautyspot.records import LimitRate
from beautyspot.testing import FrozenClock
from beautyspot.walk.limit import Limit, pace_async


class Failing(MemoryTaskDB):
    """A database that can be unplugged."""

    plugged = True
    notes = True
    asked = 0
    noted = 0

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        self.asked += 1
        if not self.plugged:
            raise StorageError("disk gone")
        return super().advance_limit(name, now_s, increment_s)

    def restore_limit(self, name: str, tat_s: float, increment_s: float, /) -> bool:
        if not self.plugged:
            raise StorageError("disk gone")
        return super().restore_limit(name, tat_s, increment_s)

    def note_limit_rate(self, name: str, rate: LimitRate, /) -> LimitRate | None:
        self.noted += 1
        if not self.notes:
            raise StorageError("no column for it")
        return super().note_limit_rate(name, rate)


class Slow(MemoryTaskDB):
    """A database that answers the first question after so many seconds of a clock."""

    def __init__(self, clock: FrozenClock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        tat_s = super().advance_limit(name, now_s, increment_s)
        self.clock.advance(self.seconds)
        self.seconds = 0.0
        return tat_s


class Plain:
    """A database of limits that notes no rates, as third parties wrote them."""

    def __init__(self) -> None:
        memory = MemoryTaskDB()
        self.advance_limit, self.restore_limit = memory.advance_limit, memory.restore_limit


class Parked(FrozenClock):
    """A clock on which a sleep lasts until somebody ends it."""

    async def sleep_async(self, seconds: float, /) -> None:
        await Parked.Forever()

    class Forever:
        def __await__(self) -> Generator[None]:
            while True:
                yield


class Asleep(FrozenClock):
    """A clock on which a sleep lasts until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps = asyncio.Event()

    async def sleep_async(self, seconds: float, /) -> None:
        self.sleeps.set()
        await asyncio.Event().wait()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the write lock of a file, as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def waiting_s_at_last(limiter: SharedGCRA) -> float:
    """Return what a call would wait once all is done that event loops have left to a thread."""
    assert limiter.line.executor is not None
    limiter.line.executor.submit(int).result(60)
    return limiter.waiting_s()


@pytest.fixture
def in_file(tmp_path: Path, clock: FrozenClock) -> Iterator[SharedGCRA]:
    """A limiter in a SQLite file, whose first place is taken."""
    with closing(SQLiteTaskDB(tmp_path / "limits.db")) as db:
        limiter = SharedGCRA(db, "api", 60, clock=clock)
        limiter.reserve()
        yield limiter


@pytest.fixture
def db() -> Failing:
    return Failing()


def test_two_limiters_of_one_name_share_one_budget(db: Failing, clock: FrozenClock) -> None:
    one, two = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    assert [one.reserve(), two.reserve(), one.reserve(), two.reserve()] == [0, 1, 2, 3]


def test_limiters_of_two_names_do_not_meet(db: Failing, clock: FrozenClock) -> None:
    one, two = (SharedGCRA(db, name, 60, clock=clock) for name in ("a", "b"))
    assert [one.reserve(), two.reserve()] == [0, 0]


@pytest.mark.parametrize("burst", [1, 3])
def test_it_waits_as_the_limiter_of_one_process_does(db: Failing, clock: FrozenClock, burst: float) -> None:
    shared, single = SharedGCRA(db, "api", 60, burst=burst, clock=clock), GCRA(60, burst=burst, clock=clock)
    for cost in (1, 0, 2, 0.5, 10, 1, 3):
        assert shared.reserve(cost) == pytest.approx(single.reserve(cost), abs=1e-6)
        assert shared.waiting_s() == pytest.approx(single.waiting_s(), abs=1e-6)
        clock.advance(0.75)


def test_the_last_place_can_be_given_back_once(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    limiter.reserve()
    last = limiter.reserve()
    limiter.give_back(last)
    again = limiter.reserve()
    limiter.give_back(last)
    assert [again, limiter.reserve()] == [1, 2]


@pytest.mark.parametrize("tpm", [60, 70])
def test_waits_cancelled_from_the_first_to_the_last_leave_no_trace(db: Failing, clock: FrozenClock, tpm: int) -> None:
    clock.advance(0.1)
    limiter, other = (SharedGCRA(db, "api", tpm, clock=clock) for _ in range(2))
    limiter.reserve()
    clock.advance(0.2)
    for waiter in [limiter.reserve() for _ in range(9)]:
        limiter.give_back(waiter)
    assert other.waiting_s() == pytest.approx(60 / tpm - 0.2, abs=1e-5)


def test_a_cancelled_place_is_filled_by_its_process_before_others_go(db: Failing, clock: FrozenClock) -> None:
    limiter, other = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    first = [limiter.reserve() for _ in range(3)][1]
    last = other.reserve()
    limiter.give_back(first)
    assert (limiter.waiting_s(), limiter.waiting_s()) == (1, 1)
    assert [last, other.reserve(), limiter.reserve(), limiter.reserve()] == [3, 4, 1, 5]


def test_costs_too_small_for_the_time_of_day_add_up(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 6e9, clock=clock)
    for _ in range(1000):
        limiter.reserve()
    assert limiter.waiting_s() >= 1000 / 1e8


def test_a_place_of_another_limiter_is_not_given_back(db: Failing, clock: FrozenClock) -> None:
    one, two, single = (*(SharedGCRA(db, "api", 60, clock=clock) for _ in range(2)), GCRA(60, clock=clock))
    for giver in (one, single):
        place = giver.reserve()
        two.give_back(place)
    assert two.reserve() == 1


def test_a_place_given_back_while_it_paces_alone_waits_for_the_database(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 6, clock=clock)
    places = [limiter.reserve() for _ in range(10)]
    db.plugged = False
    with pytest.warns(CacheWarning):
        limiter.waiting_s()
    limiter.give_back(places[8])
    db.plugged = True
    clock.advance(RETRY_S)
    assert limiter.reserve() == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_wait_that_the_collector_ends_asks_nothing_of_the_database_until_the_next_call(
    db: Failing, clock: FrozenClock
) -> None:
    limiter, other = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    limiter.reserve()
    waits = pace_async((Limit(limiter, 1, Parked()),), (), {})
    waits.send(None)
    with db._mutex:  # as in a collection that begins in the middle of a step of the database
        waits.close()
    assert limiter.reserve() == 1
    assert other.reserve() == 2


def test_a_child_of_a_fork_does_not_fill_the_places_of_its_parent(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    limiter.give_back([limiter.reserve() for _ in range(3)][1])
    pid = os.fork()
    if pid == 0:
        os._exit(int(limiter.reserve()))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    assert limiter.reserve() == 1


def test_impossible_costs_and_rates_are_refused_before_the_database_is_asked(db: Failing, clock: FrozenClock) -> None:
    with pytest.raises(ConfigurationError, match="not a rate"):
        SharedGCRA(db, "api", 0)
    with pytest.raises(LimitExceeded):
        SharedGCRA(db, "api", 60, clock=clock).reserve(61)
    assert db.asked == 0


def test_without_its_database_it_paces_alone_and_warns_once(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    db.plugged = False
    with pytest.warns(CacheWarning, match="'api' could not be reached") as told:
        first = limiter.reserve()
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        waits = [first, limiter.reserve(), limiter.reserve()]
    assert waits == [0, 1, 2]
    assert limiter.waiting_s() == 3


def test_a_database_that_failed_is_left_alone_for_a_while_and_used_again(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    db.plugged = False
    with pytest.warns(CacheWarning):
        limiter.reserve()
    limiter.reserve()
    assert db.asked == 1
    db.plugged = True
    clock.advance(RETRY_S)
    limiter.reserve()
    assert db.asked > 1


def test_a_place_taken_alone_is_given_back_alone(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    db.plugged = False
    with pytest.warns(CacheWarning):
        limiter.reserve()
    limiter.give_back(limiter.reserve())
    assert limiter.reserve() == 1


def test_giving_back_without_a_database_warns_and_goes_on(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, clock=clock)
    reservation = limiter.reserve()
    db.plugged = False
    with pytest.warns(CacheWarning):
        limiter.give_back(reservation)
    assert limiter.reserve() == 0


def test_what_it_grants_is_noted_at_its_first_call(db: Failing, clock: FrozenClock) -> None:
    limiter = SharedGCRA(db, "api", 60, burst=5, clock=clock)
    assert db.noted == 0
    for _ in range(3):
        limiter.reserve()
    assert db.noted == 1
    assert db.note_limit_rate("api", LimitRate(1, 1)) == (60, 5)


def test_of_different_rates_that_of_the_limiter_in_use_comes_to_stand_there(db: Failing, clock: FrozenClock) -> None:
    slow, fast = (SharedGCRA(db, "api", rate, clock=clock) for rate in (60, 600))
    slow.reserve(), fast.reserve(), slow.reserve()
    assert db.note_limit_rate("api", LimitRate(600, 1)) == (600, 1)
    clock.advance(NOTE_EVERY_S)
    slow.reserve()
    assert db.note_limit_rate("api", LimitRate(60, 1)) == (60, 1)


def test_a_note_that_fails_stops_nobody_and_is_tried_again(db: Failing, clock: FrozenClock) -> None:
    one, two = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    db.notes = False
    assert [one.reserve(), two.reserve(), one.reserve()] == [0, 1, 2]
    db.notes = True
    clock.advance(NOTE_EVERY_S)
    one.reserve()
    assert db.note_limit_rate("api", LimitRate(1, 1)) == (60, 1)


def test_a_database_that_notes_no_rates_shares_limits_as_well(clock: FrozenClock) -> None:
    db = Plain()
    one, two = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    assert [one.reserve(), two.reserve(), one.reserve()] == [0, 1, 2]


@pytest.mark.parametrize("cost", [1, 10])
def test_a_call_that_waited_for_the_database_takes_a_place_of_now(clock: FrozenClock, cost: float) -> None:
    db = Slow(clock, 6)
    one, two = (SharedGCRA(db, "api", 60, clock=clock) for _ in range(2))
    assert [one.reserve(cost), two.reserve()] == [0, cost]


def test_a_call_is_told_at_its_own_line_that_its_limit_is_not_shared(db: Failing, clock: FrozenClock) -> None:
    spot = bs.Spot("api", db=db, tpm=60, shared_limit=True, clock=clock)
    limited = spot.limiter(str)
    db.plugged = False
    with pytest.warns(CacheWarning, match="could not be reached") as told:
        limited(1)
    assert told[0].filename == __file__


async def test_an_event_loop_goes_on_while_another_program_holds_the_file(
    in_file: SharedGCRA, tmp_path: Path, clock: FrozenClock
) -> None:
    with held(tmp_path / "limits.db"):
        asking = asyncio.create_task(pace_async((Limit(in_file, 1, clock),), (), {}))
        await asyncio.sleep(0)
        assert not asking.done()
    assert await asking == 1


async def test_tasks_that_ask_at_once_are_served_in_the_order_they_came(tmp_path: Path, clock: FrozenClock) -> None:
    with closing(SQLiteTaskDB(tmp_path / "limits.db")) as db:
        limit = Limit(SharedGCRA(db, "api", 60, clock=clock), 1, clock)
        assert await asyncio.gather(*(limit.reserve_async((), {}) for _ in range(20))) == [*range(20)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on forks beside threads
def test_an_event_loop_of_a_child_asks_in_a_thread_of_its_own(in_file: SharedGCRA, clock: FrozenClock) -> None:
    limit = Limit(in_file, 1, clock)
    asyncio.run(limit.reserve_async((), {}))
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(int(asyncio.run(asyncio.wait_for(limit.reserve_async((), {}), 30))))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2


def test_a_call_that_is_cancelled_while_it_asks_gives_its_place_back_though_its_loop_ends(
    in_file: SharedGCRA, tmp_path: Path, clock: FrozenClock
) -> None:
    async def ask_and_leave() -> None:
        with held(tmp_path / "limits.db"):
            asking = asyncio.create_task(pace_async((Limit(in_file, 1, clock),), (), {}))
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            assert asking.cancelled()

    asyncio.run(ask_and_leave())
    assert waiting_s_at_last(in_file) == 1


def test_a_wait_that_is_cancelled_while_another_program_holds_the_file_gives_its_place_back(
    in_file: SharedGCRA, tmp_path: Path
) -> None:
    async def wait_and_leave() -> None:
        clock = Asleep()
        waiting = asyncio.create_task(pace_async((Limit(in_file, 1, clock),), (), {}))
        await clock.sleeps.wait()
        with held(tmp_path / "limits.db"):
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()

    asyncio.run(wait_and_leave())
    assert waiting_s_at_last(in_file) == 1
