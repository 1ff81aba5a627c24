"""The rate limiter: requests and tokens per minute, in one process or shared by all that use a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beautyspot.call_limiter import CallLimiter, CallRates
from langchain_core.rate_limiters import BaseRateLimiter

if TYPE_CHECKING:
    from beautyspot.durations import Duration
    from beautyspot.limiters.budget import CallReservation
    from beautyspot.places import Place
    from langchain_core.callbacks import BaseCallbackHandler


class BeautySpotRateLimiter(CallLimiter, BaseRateLimiter):
    """Lets a model's calls go at a rate: the burst at once, the others evenly, in the order they come.

    A chat model asks it before each call to the provider. Hits of a cache never ask, so they spend nothing.

    ```python
    limiter = BeautySpotRateLimiter(requests_per_minute=60, tokens_per_minute=90_000)
    model = ChatOpenAI(model="gpt-5", rate_limiter=limiter, callbacks=[limiter.callback])
    ```

    How many tokens a call takes is known when it has ended: `callback` then pays them, and the calls to come wait until
    all is paid. `RateLimitMiddleware` reserves an estimate before, and settles it after.
    """

    def __init__(
        self,
        spot: Place | None = None,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        burst: float = 1,
        token_burst: float = 1,
        timeout: Duration | None = None,
        shared: bool = False,
        name: str = "langchain",
    ) -> None:
        """Start with nothing spent.

        Args:
            spot: Where a shared limit is kept: a Spot, a file's path, or a database's URL.
            requests_per_minute: Calls a minute, above 0; None for no limit.
            tokens_per_minute: Tokens a minute, of prompts and answers together, above 0; None for no limit.
            burst: Calls that may go at once after a pause, and at the start; 1 paces strictly.
            token_burst: Tokens that may be owed before a call waits for the payment; 1 paces strictly.
            timeout: Longest wait of one call; a longer one is refused at once. None for no end.
            shared: Hold the limits in the database of `spot`, for every process that uses them under this name.
            name: The name of the shared limits.

        Raises:
            ConfigurationError: an argument is wrong, or missing.
        """
        rates = CallRates(requests_per_minute, tokens_per_minute, burst, token_burst, timeout, shared)
        super().__init__(spot, rates, name=name)

    def acquire(self, *, blocking: bool = True) -> bool:
        """Wait until a call may be made, blocking the thread; an interrupted wait spends nothing.

        Args:
            blocking: False to return at once instead, and spend nothing if the call would have to wait.

        Raises:
            RateLimitTimeout: the wait would be longer than `timeout`.
        """
        if not blocking:
            return self._granted(self._budget.reserve())
        self.wait(self.reserve())
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        """Do as `acquire` does, letting the event loop go on; a cancelled wait spends nothing."""
        if blocking:
            await self.wait_async(await self.reserve_async())
            return True
        return self._granted(await self._reserved(self._budget.reserve))

    @property
    def callback(self) -> BaseCallbackHandler:
        """A handler that pays the tokens of each answer that no cache gave, to stand among the model's `callbacks`."""
        from langchain_beautyspot.payer import Payer  # a limit on requests alone needs none

        return Payer(self)

    def _granted(self, reservation: CallReservation) -> bool:
        if reservation > 0:
            self.give_back(reservation)
        return reservation <= 0
