from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.limiters import GCRA, SharedGCRA, settle
from beautyspot.testing import FrozenClock

Make = Callable[..., GCRA | SharedGCRA]


@pytest.fixture(params=["alone", "shared"])
def make(request: pytest.FixtureRequest, tmp_path: Path, clock: FrozenClock) -> Iterator[Make]:
    if request.param == "alone":
        yield lambda tpm, burst=1: GCRA(tpm, burst=burst, clock=clock)
        return
    with closing(SQLiteTaskDB(tmp_path / "limits.db")) as db:
        yield lambda tpm, burst=1: SharedGCRA(db, "tokens", tpm, burst=burst, clock=clock)


def test_a_call_that_cost_more_leaves_a_debt_for_which_the_next_one_waits(make: Make) -> None:
    limiter = make(60)
    settle(limiter, limiter.reserve(1), 10)
    assert limiter.reserve() == pytest.approx(10)


def test_a_debt_above_a_whole_minute_is_paid_as_well(make: Make) -> None:
    limiter = make(60)
    settle(limiter, limiter.reserve(1), 150.5)
    assert limiter.reserve() == pytest.approx(150.5)


def test_a_call_that_cost_less_gives_the_rest_back(make: Make) -> None:
    limiter = make(60)
    settle(limiter, limiter.reserve(10), 4)
    assert limiter.reserve() == pytest.approx(4)


def test_a_call_that_cost_nothing_gives_all_back(make: Make) -> None:
    limiter = make(60)
    settle(limiter, limiter.reserve(10), 0)
    assert limiter.reserve() == pytest.approx(0)


def test_what_is_given_back_between_others_goes_to_the_next_call_that_fits(make: Make) -> None:
    limiter = make(60)
    first, second = limiter.reserve(10), limiter.reserve(10)
    settle(limiter, first, 4)
    assert second == pytest.approx(10)
    assert [limiter.reserve(6), limiter.reserve(1)] == pytest.approx([4, 20])


def test_what_was_too_much_long_ago_is_given_back_to_nobody(make: Make, clock: FrozenClock) -> None:
    limiter = make(60)
    long_call = limiter.reserve(10)
    clock.advance(60)
    settle(limiter, long_call, 4)
    assert [limiter.reserve(5), limiter.reserve()] == pytest.approx([0, 5])


def test_a_debt_within_the_burst_holds_nobody_up(make: Make) -> None:
    limiter = make(60, burst=20)
    settle(limiter, limiter.reserve(1), 10)
    assert [limiter.reserve(10), limiter.reserve()] == pytest.approx([0, 1])


def test_a_call_that_was_settled_gives_only_its_remainder_back(make: Make) -> None:
    limiter = make(60)
    reservation = limiter.reserve(10)
    settle(limiter, reservation, 4)
    limiter.give_back(reservation)
    assert [limiter.reserve(10), limiter.reserve()] == pytest.approx([0, 10])
