import asyncio

import pytest
from beautyspot.errors import LimitExceeded
from beautyspot.limiters import TokenBucket
from beautyspot.testing import FrozenClock


class Interrupted(FrozenClock):
    """A clock whose waits end in Ctrl-C."""

    def sleep(self, seconds: float, /) -> None:
        raise KeyboardInterrupt


def test_consume_waits_between_calls_and_not_before_the_first() -> None:
    clock = FrozenClock()
    bucket = TokenBucket(60, clock=clock)
    for _ in range(3):
        bucket.consume(cost=1)
    assert clock.slept == [1, 1]


def test_consume_async_waits_as_consume_does() -> None:
    clock = FrozenClock()
    bucket = TokenBucket(60, burst=2, clock=clock)

    async def three() -> None:
        for _ in range(3):
            await bucket.consume_async(cost=1)

    asyncio.run(three())
    assert clock.slept == [1]


def test_an_interrupted_wait_spends_nothing() -> None:
    bucket = TokenBucket(60, clock=Interrupted())
    bucket.consume()
    with pytest.raises(KeyboardInterrupt):
        bucket.consume()
    assert bucket.limiter.reserve() == 1


def test_a_cancelled_wait_spends_nothing() -> None:
    bucket = TokenBucket(60)

    async def cancel_the_second() -> None:
        await bucket.consume_async()
        waiting = asyncio.create_task(bucket.consume_async())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(cancel_the_second())
    assert 0 < bucket.limiter.reserve() <= 1


def test_a_cost_above_a_minute_is_refused_without_a_wait() -> None:
    clock = FrozenClock()
    with pytest.raises(LimitExceeded):
        TokenBucket(60, clock=clock).consume(61)
    assert clock.slept == []
