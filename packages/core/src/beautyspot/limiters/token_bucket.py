"""A limiter that waits by itself, for code that no function is marked in."""

from beautyspot.clocks import Clock
from beautyspot.limiters.gcra import GCRA
from beautyspot.system_clock import SystemClock


class TokenBucket:
    """Holds its caller until the next `cost` may be spent.

    >>> bucket = TokenBucket(tokens_per_minute=600)
    >>> bucket.consume()
    """

    def __init__(self, tokens_per_minute: float, *, burst: float = 1, clock: Clock | None = None) -> None:
        """Take the arguments of `GCRA`."""
        self._clock = clock or SystemClock()
        self.limiter = GCRA(tokens_per_minute, burst=burst, clock=self._clock)

    def consume(self, cost: float = 1) -> None:
        """Wait until `cost` may be spent, blocking the thread; an interrupted wait spends nothing.

        Raises:
            LimitExceeded: `cost` is more than a whole minute's budget.
        """
        reservation = self.limiter.reserve(cost)
        if reservation > 0:
            try:
                self._clock.sleep(reservation)
            except BaseException:  # Ctrl-C among them; re-raised
                self.limiter.give_back(reservation)
                raise

    async def consume_async(self, cost: float = 1) -> None:
        """Wait until `cost` may be spent, letting the event loop go on; a cancelled wait spends nothing.

        Raises:
            LimitExceeded: `cost` is more than a whole minute's budget.
        """
        reservation = self.limiter.reserve(cost)
        if reservation > 0:
            try:
                await self._clock.sleep_async(reservation)
            except BaseException:  # a cancellation among them; re-raised
                self.limiter.give_back(reservation)
                raise
