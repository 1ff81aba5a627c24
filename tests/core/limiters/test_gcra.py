import math
import os
import signal
import threading
from itertools import permutations
from threading import Thread

import pytest
from beautyspot.errors import ConfigurationError, LimitExceeded
from beautyspot.limiters import GCRA
from beautyspot.testing import FrozenClock


def test_the_first_call_goes_at_once_and_the_others_evenly(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    assert [limiter.reserve() for _ in range(4)] == [0, 1, 2, 3]


def test_a_long_idle_time_saves_up_one_call_by_default(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.reserve()
    clock.advance(3600)
    assert [limiter.reserve() for _ in range(3)] == [0, 1, 2]


def test_a_long_idle_time_saves_up_at_most_the_burst(clock: FrozenClock) -> None:
    limiter = GCRA(60, burst=3, clock=clock)
    limiter.reserve()
    clock.advance(3600)
    assert [limiter.reserve() for _ in range(5)] == [0, 0, 0, 1, 2]


def test_a_burst_fills_up_again_at_the_rate(clock: FrozenClock) -> None:
    limiter = GCRA(60, burst=3, clock=clock)
    for _ in range(3):
        limiter.reserve()
    clock.advance(2)
    assert [limiter.reserve() for _ in range(3)] == [0, 0, 1]


def test_a_cost_above_the_burst_waits_for_all_before_it_and_pays_afterwards(clock: FrozenClock) -> None:
    limiter = GCRA(60, burst=2, clock=clock)
    assert [limiter.reserve(), limiter.reserve(10), limiter.reserve()] == [0, 1, 10]


def test_a_single_token_heavy_call_starts_at_once(clock: FrozenClock) -> None:
    limiter = GCRA(60_000, clock=clock)
    assert [limiter.reserve(500), limiter.reserve(500)] == [0, 0.5]


def test_a_cost_of_nothing_waits_for_nothing(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.reserve()
    assert limiter.reserve(0) == 0
    assert limiter.reserve() == 1


def test_a_cost_above_a_whole_minute_is_refused_with_the_way_out(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    with pytest.raises(LimitExceeded, match=r"cost 61 .*\(60\).*raise tpm or burst"):
        limiter.reserve(61)
    assert limiter.reserve(60) == 0


@pytest.mark.parametrize("cost", [-1, math.nan, -math.inf, pytest.param(10**400, id="huge"), True, False, None, "3"])
def test_a_cost_that_is_no_number_of_cells_is_refused_and_spends_nothing(clock: FrozenClock, cost: float) -> None:
    limiter = GCRA(60, clock=clock)
    with pytest.raises(ConfigurationError, match="not a cost"):
        limiter.reserve(cost)
    assert limiter.reserve() == 0


@pytest.mark.parametrize("tpm", [0, -1, math.nan, math.inf, pytest.param(10**400, id="huge"), True, None, "60"])
def test_a_rate_that_is_none_is_refused(tpm: float) -> None:
    with pytest.raises(ConfigurationError, match="not a rate"):
        GCRA(tpm)


@pytest.mark.parametrize("burst", [0, 0.5, -1, math.nan, math.inf, pytest.param(10**400, id="huge"), True, None])
def test_a_burst_that_is_none_is_refused(burst: float) -> None:
    with pytest.raises(ConfigurationError, match="not a burst"):
        GCRA(60, burst=burst)


def test_a_reservation_knows_when_its_wait_ends(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    clock.advance(5)
    limiter.reserve()
    reservation = limiter.reserve(2)
    assert (reservation, reservation.slot_s, reservation.cost) == (1, 6, 2)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_places_given_back_in_any_order_leave_no_trace(clock: FrozenClock, order: tuple[int, ...]) -> None:
    limiter = GCRA(60, clock=clock)
    reservations = [limiter.reserve(cost) for cost in (1, 0.1, 3)]
    for index in order:
        limiter.give_back(reservations[index])
    assert [limiter.reserve(), limiter.reserve()] == [0, 1]


def test_a_bigger_call_may_start_where_the_last_one_was_cancelled(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.reserve()
    limiter.give_back(limiter.reserve())
    assert limiter.reserve(2) == 1


def test_the_next_call_takes_the_place_of_a_cancelled_one(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    second = [limiter.reserve() for _ in range(4)][1]
    limiter.give_back(second)
    assert [limiter.reserve(), limiter.reserve()] == [1, 4]


def test_a_cancelled_place_too_small_for_a_call_waits_for_a_smaller_one(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    second = [limiter.reserve() for _ in range(3)][1]
    limiter.give_back(second)
    assert [limiter.reserve(2), limiter.reserve(1)] == [3, 1]


def test_a_cancelled_place_that_is_past_is_lost(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    second = [limiter.reserve() for _ in range(4)][1]
    limiter.give_back(second)
    clock.advance(1.5)
    assert limiter.reserve() == 2.5


def test_giving_back_twice_frees_one_place(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.reserve()
    second = limiter.reserve()
    limiter.give_back(second)
    third = limiter.reserve()
    limiter.give_back(second)
    assert [third, limiter.reserve()] == [1, 2]


def test_giving_back_what_cost_nothing_frees_nothing(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.reserve()
    limiter.give_back(limiter.reserve(0))
    assert limiter.reserve() == 1


def test_a_dashboard_can_ask_for_the_wait_without_spending(clock: FrozenClock) -> None:
    limiter = GCRA(60, burst=2, clock=clock)
    assert limiter.waiting_s() == 0
    for _ in range(3):
        limiter.reserve()
    assert limiter.waiting_s() == limiter.waiting_s() == 2


def test_the_wait_that_is_told_is_the_one_in_a_cancelled_place(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    limiter.give_back([limiter.reserve() for _ in range(3)][1])
    assert limiter.waiting_s() == limiter.waiting_s() == 1


def test_a_place_of_another_limiter_is_not_given_back(clock: FrozenClock) -> None:
    limiter, other = GCRA(60, clock=clock), GCRA(60, clock=clock)
    limiter.reserve()
    limiter.give_back(other.reserve())
    assert limiter.reserve() == 1


def test_threads_that_reserve_at_once_get_a_place_each(clock: FrozenClock) -> None:
    limiter = GCRA(60, clock=clock)
    waits: list[float] = []
    threads = [Thread(target=lambda: waits.extend(limiter.reserve() for _ in range(200))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == list(range(1600))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_a_fork_does_not_wait_for_a_thread_of_its_parent() -> None:
    held, done = threading.Event(), threading.Event()

    class HeldClock(FrozenClock):
        def monotonic(self) -> float:
            if threading.current_thread() is not threading.main_thread():
                held.set()
                done.wait(10)
            return super().monotonic()

    limiter = GCRA(60, clock=HeldClock())
    thread = threading.Thread(target=limiter.reserve)
    thread.start()
    held.wait(10)
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        limiter.reserve()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0
