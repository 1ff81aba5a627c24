import pytest
from beautyspot.db import MemoryTaskDB
from beautyspot.limiters import SharedGCRA
from beautyspot.limiters.steps import NOTE_EVERY_S, SKEW_S
from beautyspot.testing import FrozenClock

HOUR_S = 3600.0


def limiter(db: MemoryTaskDB, clock: FrozenClock) -> SharedGCRA:
    return SharedGCRA(db, "api", 60, clock=clock)


def set_back(clock: FrozenClock, seconds: float) -> None:
    clock.start_s -= seconds


@pytest.mark.parametrize("same_process", [True, False])
def test_a_clock_that_is_set_back_an_hour_makes_nobody_wait_for_an_hour(clock: FrozenClock, same_process: bool) -> None:
    db = MemoryTaskDB()
    before = limiter(db, clock)
    assert [before.reserve() for _ in range(3)] == [0, 1, 2]
    set_back(clock, HOUR_S)
    after = before if same_process else limiter(db, clock)
    assert [after.reserve() for _ in range(3)] == [3, 4, 5]


def test_two_processes_take_the_step_back_once(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    one, other = limiter(db, clock), limiter(db, clock)
    one.reserve(), other.reserve()
    set_back(clock, HOUR_S)
    assert [one.reserve(), other.reserve(), one.reserve()] == [2, 3, 4]


def test_a_queue_of_an_hour_is_no_step(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    assert [limiter(db, clock).reserve(60) for _ in range(61)][-1] == HOUR_S
    clock.advance(NOTE_EVERY_S)
    assert limiter(db, clock).reserve() == HOUR_S + 60 - NOTE_EVERY_S


def test_clocks_of_two_machines_may_differ_a_little(clock: FrozenClock) -> None:
    db = MemoryTaskDB()
    late = FrozenClock(clock.time() - SKEW_S)
    assert limiter(db, clock).reserve() == 0
    assert limiter(db, late).reserve() == SKEW_S + 1


def test_places_given_back_before_the_step_are_not_waited_for(clock: FrozenClock) -> None:
    shared = limiter(MemoryTaskDB(), clock)
    places = [shared.reserve() for _ in range(3)]
    shared.give_back(places[1])
    set_back(clock, HOUR_S)
    assert shared.reserve() == 3
