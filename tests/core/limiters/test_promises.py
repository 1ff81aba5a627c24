"""What every limiter keeps to, whatever calls come, wait and are cancelled."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import pytest
from beautyspot.db.memory import MemoryTaskDB
from beautyspot.limiters import GCRA, Limiter, Reservation, SharedGCRA
from beautyspot.testing import FrozenClock
from hypothesis import given, settings
from hypothesis import strategies as st

EXACT_S = 1e-6
"""Above the two steps of a float that tells the time of today."""


class Reserve(NamedTuple):
    cost: float


class Cancel(NamedTuple):
    which: int


class Advance(NamedTuple):
    seconds: float


Script = list[Reserve | Cancel | Advance]
scripts = st.lists(
    st.one_of(
        st.builds(Reserve, st.sampled_from([0.25, 1, 1.0, 2, 3.5, 10])),
        st.builds(Cancel, st.integers(0, 30)),
        st.builds(Advance, st.sampled_from([0.1, 0.5, 1, 2.5, 7, 60])),
    ),
    max_size=40,
)
bursts = st.sampled_from([1, 2, 5])


class Processes:
    """Limiters of several processes that share a limit and reserve in turn."""

    def __init__(self, *limiters: Limiter) -> None:
        self.limiters = limiters
        self.givers: list[tuple[Reservation, Limiter]] = []

    def reserve(self, cost: float = 1, /) -> Reservation:
        giver = self.limiters[len(self.givers) % len(self.limiters)]
        self.givers.append((giver.reserve(cost), giver))
        return self.givers[-1][0]

    def give_back(self, reservation: Reservation, /) -> None:
        for given_, giver in self.givers:
            if given_ is reservation:
                giver.give_back(given_)


def one_process(burst: float, clock: FrozenClock) -> Limiter:
    return GCRA(60, burst=burst, clock=clock)


def two_processes(burst: float, clock: FrozenClock) -> Limiter:
    db = MemoryTaskDB()
    return Processes(*(SharedGCRA(db, "api", 60, burst=burst, clock=clock) for _ in range(2)))


Create = Callable[[float, FrozenClock], Limiter]
every_limiter = pytest.mark.parametrize("create", [one_process, two_processes])


def play(limiter: Limiter, clock: FrozenClock, script: Script) -> list[tuple[float, float]]:
    """Return when the calls that were not cancelled went, and their costs; a call cancels only while it waits."""
    granted: list[tuple[float, Reservation]] = []
    for step in script:
        if isinstance(step, Reserve):
            reservation = limiter.reserve(step.cost)
            granted.append((clock.monotonic() + reservation, reservation))
        elif isinstance(step, Advance):
            clock.advance(step.seconds)
        elif granted and granted[step.which % len(granted)][0] >= clock.monotonic():
            limiter.give_back(granted.pop(step.which % len(granted))[1])
    return [(start_s, reservation.cost) for start_s, reservation in granted]


@every_limiter
@settings(max_examples=300, deadline=None)
@given(script=scripts, burst=bursts)
def test_no_window_ever_grants_more_than_the_rate_and_the_burst(create: Create, script: Script, burst: float) -> None:
    clock = FrozenClock()
    grants = sorted(play(create(burst, clock), clock, script))
    for first, (begin_s, _) in enumerate(grants):
        spent = largest = 0.0
        for end_s, cost in grants[first:]:
            spent, largest = spent + cost, max(largest, cost)
            assert spent <= (end_s - begin_s) + max(burst, largest) + EXACT_S


@every_limiter
@settings(max_examples=100, deadline=None)
@given(script=scripts, burst=bursts)
def test_calls_are_served_in_the_order_they_reserve(create: Create, script: Script, burst: float) -> None:
    clock = FrozenClock()
    kept: Script = [step for step in script if not isinstance(step, Cancel)]
    starts_s = [start_s for start_s, _ in play(create(burst, clock), clock, kept)]
    assert all(earlier <= later + EXACT_S for earlier, later in pairwise(starts_s))


@every_limiter
@settings(max_examples=100, deadline=None)
@given(script=scripts, burst=bursts)
def test_a_cancellation_never_makes_a_later_call_wait_longer(create: Create, script: Script, burst: float) -> None:
    clock, other = FrozenClock(), FrozenClock()
    limiter, without = create(burst, clock), create(burst, other)
    play(limiter, clock, script)
    play(without, other, [step for step in script if not isinstance(step, Cancel)])
    assert limiter.reserve() <= without.reserve() + EXACT_S
