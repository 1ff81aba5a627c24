"""The rate limiter: requests and tokens per minute, in one process or shared by all that use a database."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError
from beautyspot.limiters import create_limiter
from beautyspot.places import Place, opened, portable
from beautyspot.system_clock import SystemClock
from langchain_core.rate_limiters import BaseRateLimiter

from langchain_beautyspot.budget import Budget, CallReservation
from langchain_beautyspot.errors import RateLimitTimeout
from langchain_beautyspot.waits import add_wait

if TYPE_CHECKING:
    from asyncio import Future

    from beautyspot.clocks import Clock
    from beautyspot.durations import Duration
    from beautyspot.limiters import GCRA, SharedGCRA
    from langchain_core.callbacks import BaseCallbackHandler


class BeautySpotRateLimiter(BaseRateLimiter):
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
        if requests_per_minute is None and tokens_per_minute is None:
            raise ConfigurationError(
                "BeautySpotRateLimiter got no rate to hold; give it requests_per_minute= or tokens_per_minute="
            )
        if shared and spot is None:
            raise ConfigurationError(
                f"the shared limit {name!r} has no place; give a Spot, a file's path or a database's URL first"
            )
        self._made_by = spot, {
            "requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute, "burst": burst,
            "token_burst": token_burst, "timeout": timeout, "shared": shared, "name": name,
        }  # fmt: skip
        self.name = name
        self._timeout_s = math.inf if timeout is None else seconds(timeout)
        parts = None if spot is None else opened(spot).parts
        self._clock: Clock = SystemClock() if parts is None else parts.clock
        shared_by = parts.store.db if parts is not None and shared else None

        def limit(unit: str, per_minute: float | None, burst: float) -> GCRA | SharedGCRA | None:
            if per_minute is None:
                return None
            return create_limiter(
                per_minute, burst=burst, clock=self._clock, shared_by=shared_by, name=f"{name} ({unit})"
            )

        self._budget = Budget(
            limit("requests", requests_per_minute, burst), limit("tokens", tokens_per_minute, token_burst)
        )

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
        if self._budget.reserves_locally:
            return self.acquire(blocking=False)
        import asyncio  # LangChain has loaded it

        return await asyncio.to_thread(self.acquire, blocking=False)

    def reserve(self, *, requests: float = 1, tokens: float = 0) -> CallReservation:
        """Take the cost of a call and return the seconds to wait before making it. Never sleeps.

        Args:
            requests: How many requests it takes.
            tokens: An estimate, to be settled after the call; what is above a whole minute's budget is only paid then.

        Raises:
            RateLimitTimeout: the wait would be longer than `timeout`; nothing is taken.
            LimitExceeded: `requests` is more than a whole minute's budget.
        """
        reservation = self._budget.reserve(requests=requests, tokens=tokens)
        if reservation > self._timeout_s:
            self._budget.give_back(reservation)
            raise RateLimitTimeout(
                f"the rate limit {self.name!r} would hold this call for {reservation:.3g} s, above its timeout of "
                f"{self._timeout_s:g} s; give a longer timeout= or a higher rate, or make fewer calls at once"
            )
        return reservation

    async def reserve_async(self, *, requests: float = 1, tokens: float = 0) -> CallReservation:
        """Do as `reserve` does; what may wait for a server does so in a thread."""
        if self._budget.reserves_locally:
            return self.reserve(requests=requests, tokens=tokens)
        import asyncio  # as above

        asking = asyncio.ensure_future(asyncio.to_thread(self.reserve, requests=requests, tokens=tokens))
        try:
            return await asyncio.shield(asking)
        except (asyncio.CancelledError, GeneratorExit):
            asking.add_done_callback(self._give_back_late)
            raise

    def wait(self, reservation: CallReservation, /) -> None:
        """Sleep, once and exactly, until the call may be made; an interrupted wait gives the reservation back."""
        if reservation > 0:
            try:
                self._clock.sleep(reservation)
            except BaseException:  # Ctrl-C among them; re-raised
                self._budget.give_back(reservation)
                raise
            add_wait(reservation)

    async def wait_async(self, reservation: CallReservation, /) -> None:
        """Do as `wait` does, letting the event loop go on; a cancelled wait gives the reservation back."""
        if reservation > 0:
            try:
                await self._clock.sleep_async(reservation)
            except GeneratorExit:  # the garbage collector ends the wait
                self._budget.give_back_later(reservation)
                raise
            except BaseException:  # a cancellation among them; re-raised
                self._budget.aside(self._budget.give_back, reservation)
                raise
            add_wait(reservation)

    def settle(self, reservation: CallReservation, used_tokens: float, /) -> None:
        """Correct the tokens that `reservation` took, once; an event loop never waits for a server meanwhile.

        Args:
            used_tokens: What the call came to, 0 for one that failed. The calls to come wait for what is owed.
        """
        self._budget.aside(self._budget.settle, reservation, used_tokens)

    def pay(self, used_tokens: float, /) -> None:
        """Take the tokens of a call that `acquire` let go; an event loop never waits for a server meanwhile."""
        self._budget.aside(self._budget.pay, used_tokens)

    @property
    def callback(self) -> BaseCallbackHandler:
        """A handler that pays the tokens of each answer that no cache gave, to stand among the model's `callbacks`."""
        from langchain_beautyspot.payer import Payer  # a limit on requests alone needs none

        return Payer(self)

    def __copy__(self) -> BeautySpotRateLimiter:
        """Return itself: copies of a model keep to one limit together."""
        return self

    def __deepcopy__(self, _: Any) -> BeautySpotRateLimiter:
        """Return itself, as `__copy__` does."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this limiter go to another process: a shared limit is the same there."""
        place, options = self._made_by
        return partial(BeautySpotRateLimiter, None if place is None else portable(place), **options), ()

    def _granted(self, reservation: CallReservation) -> bool:
        if reservation > 0:
            self._budget.give_back(reservation)
        return reservation <= 0

    def _give_back_late(self, done: Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._budget.aside(self._budget.give_back, done.result())
