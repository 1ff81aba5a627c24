"""Requests and tokens per minute of a host's calls, in one process or shared by all that use a database."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from beautyspot.copies import Uncopied
from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError, RateLimitTimeout
from beautyspot.limiters.budget import Budget, CallReservation
from beautyspot.limiters.create import create_limiter
from beautyspot.limiters.waits import add_wait
from beautyspot.places import opened, portable
from beautyspot.system_clock import SystemClock
from beautyspot.threads import aside, reserved_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from beautyspot.clocks import Clock
    from beautyspot.durations import Duration
    from beautyspot.limiters import GCRA, SharedGCRA
    from beautyspot.places import Place


class CallRates(NamedTuple):
    """How often calls may go."""

    requests_per_minute: float | None = None
    """Calls a minute, above 0; None for no limit."""
    tokens_per_minute: float | None = None
    """Tokens a minute, of prompts and answers together, above 0; None for no limit."""
    burst: float = 1
    """Calls that may go at once after a pause, and at the start; 1 paces strictly."""
    token_burst: float = 1
    """Tokens that may be owed before a call waits for the payment; 1 paces strictly."""
    timeout: Duration | None = None
    """Longest wait of one call; a longer one is refused at once. None for no end."""
    shared: bool = False
    """Hold the limits in the database of the place, for every process that uses them under this name."""


class CallLimiter(Uncopied):
    """Lets calls go at a rate: the burst at once, the others evenly, in the order they come.

    What a host's own limiter stands on. Safe to use from any thread and event loop.
    """

    def __init__(self, place: Place | None, rates: CallRates, *, name: str) -> None:
        """Start with nothing spent.

        Args:
            place: Where a shared limit is kept: a Spot, a file's path, or a database's URL.
            rates: How often calls may go.
            name: The name of the shared limits.

        Raises:
            ConfigurationError: an argument is wrong, or missing.
        """
        if rates.requests_per_minute is None and rates.tokens_per_minute is None:
            raise ConfigurationError(
                f"{type(self).__name__} got no rate to hold; give it requests_per_minute= or tokens_per_minute="
            )
        if rates.shared and place is None:
            raise ConfigurationError(
                f"the shared limit {name!r} has no place; give a Spot, a file's path or a database's URL with it"
            )
        self.name = name
        self._made_by = place, rates
        self._timeout_s = math.inf if rates.timeout is None else seconds(rates.timeout)
        parts = None if place is None else opened(place).parts
        self._clock: Clock = SystemClock() if parts is None else parts.clock
        shared_by = parts.store.db if parts is not None and rates.shared else None

        def limit(unit: str, per_minute: float | None, burst: float) -> GCRA | SharedGCRA | None:
            if per_minute is None:
                return None
            return create_limiter(
                per_minute, burst=burst, clock=self._clock, shared_by=shared_by, name=f"{name} ({unit})"
            )

        self._budget = Budget(
            limit("requests", rates.requests_per_minute, rates.burst),
            limit("tokens", rates.tokens_per_minute, rates.token_burst),
        )

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
        """Do as `reserve` does; what may wait for a database does so in a thread."""
        return await self._reserved(partial(self.reserve, requests=requests, tokens=tokens))

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
                self.give_back(reservation)
                raise
            add_wait(reservation)

    def settle(self, reservation: CallReservation, used_tokens: float, /) -> None:
        """Correct the tokens that `reservation` took, once; an event loop never waits for a database meanwhile.

        Args:
            used_tokens: What the call came to, 0 for one that failed. The calls to come wait for what is owed.
        """
        self._aside(self._budget.settle, reservation, used_tokens)

    def give_back(self, reservation: CallReservation, /) -> None:
        """Free the place of a call that was not made after all, as a cache gave its answer."""
        self._aside(self._budget.give_back, reservation)

    def pay(self, used_tokens: float, /) -> None:
        """Take the tokens of a call whose reservation nobody kept; an event loop waits for no database meanwhile."""
        self._aside(self._budget.pay, used_tokens)

    async def _reserved(self, reserve: Callable[[], CallReservation]) -> CallReservation:
        if self._budget.reserves_locally:
            return reserve()
        return await reserved_in_thread(self._budget.executor, reserve, self._budget.give_back)

    def _aside(self, work: Callable[..., None], /, *args: Any) -> None:
        if self._budget.reserves_locally:
            work(*args)
        else:
            aside(self._budget.executor, work, *args)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this limiter go to another process: a shared limit is the same there."""
        place, rates = self._made_by
        given = {**rates._asdict(), "name": self.name}
        return partial(type(self), spot=None if place is None else portable(place), **given), ()
