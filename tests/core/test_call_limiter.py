"""What the limiters of the integrations stand on."""

import asyncio
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.call_limiter import CallLimiter, CallRates
from beautyspot.testing import FrozenClock


class Paced(CallLimiter):
    def __init__(self, spot: Any = None, *, name: str = "host", **rates: Any) -> None:
        super().__init__(spot, CallRates(**rates), name=name)


def test_both_limits_are_waited_for_at_once(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = Paced(spot, requests_per_minute=60, tokens_per_minute=600)
    limiter.wait(limiter.reserve(tokens=30))
    limiter.wait(limiter.reserve(tokens=5))
    assert clock.slept == [pytest.approx(3)]


def test_what_a_call_came_to_is_settled(spot: bs.Spot) -> None:
    limiter = Paced(spot, tokens_per_minute=600)
    limiter.settle(limiter.reserve(tokens=300), 100)
    assert limiter.reserve() == pytest.approx(10)


def test_a_wait_above_the_timeout_is_refused_and_spends_nothing(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = Paced(spot, requests_per_minute=60, timeout=0.5)
    limiter.reserve()
    with pytest.raises(bs.RateLimitTimeout, match=r"'host' would hold this call for 1 s, above its timeout"):
        limiter.reserve()
    clock.advance(1)
    assert limiter.reserve() == 0


async def test_an_async_wait_does_as_a_sync_one(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = Paced(spot, requests_per_minute=60)
    for _ in range(3):
        await limiter.wait_async(await limiter.reserve_async())
    assert clock.slept == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Paced got no rate to hold; give it requests_per_minute= or"),
        ({"requests_per_minute": 0}, "not a rate"),
        ({"tokens_per_minute": -1}, "not a rate"),
        ({"requests_per_minute": 1, "burst": 0.5}, "not a burst"),
        ({"requests_per_minute": 1, "timeout": -1}, "not a span of time"),
        ({"requests_per_minute": 1, "shared": True}, "'host' has no place; give a Spot"),
    ],
)
def test_wrong_settings_are_refused_with_the_way_out(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(bs.ConfigurationError, match=message):
        Paced(**arguments)


def test_a_pickled_limiter_has_the_same_rates_and_the_same_place(spot: bs.Spot) -> None:
    pickled = pickle.dumps(Paced(spot, requests_per_minute=1, shared=True, name="one"))
    one, two = pickle.loads(pickled), pickle.loads(pickled)
    one.reserve()
    assert (one.name, two.reserve()) == ("one", pytest.approx(60, abs=5))


async def test_an_event_loop_goes_on_while_another_program_holds_the_file(spot: bs.Spot, tmp_path: Path) -> None:
    limiter = Paced(spot, requests_per_minute=60, tokens_per_minute=600, shared=True)
    reservation = await limiter.reserve_async(tokens=10)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        limiter.settle(reservation, 20)
        limiter.pay(30)
        asking = asyncio.create_task(limiter.reserve_async())
        await asyncio.sleep(0)
        assert not asking.done()
        other.execute("ROLLBACK")
    assert await asking == pytest.approx(4.9)
