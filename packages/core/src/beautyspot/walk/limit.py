"""The wait before a call: a limiter, what a call costs, and the one exact sleep."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from beautyspot.clocks import Clock
from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import takes_calls_of
from beautyspot.limiters.limiter import Limiter
from beautyspot.records import Reservation
from beautyspot.walk.plan import unlimited
from beautyspot.walk.stops import begin, sleep

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from beautyspot.limiters.line import Line


class Limit(NamedTuple):
    """One limiter and what a call takes from it."""

    limiter: Limiter
    cost: float | Callable[..., float]
    clock: Clock

    def expect_calls_of(self, function: Any, /) -> None:
        """Refuse a cost that no call of `function` could be asked for.

        Raises:
            ConfigurationError: its parameters are others.
        """
        if callable(self.cost) and not takes_calls_of(unlimited(function)[0], self.cost):
            raise ConfigurationError(
                f"cost={self.cost!r} can't take the arguments of {getattr(function, '__qualname__', function)!r}; "
                "give a number, or a function with the same parameters"
            )

    def reserve(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Reservation:
        """Reserve the call's cost."""
        return self.limiter.reserve(self._cost_of(args, kwargs))

    async def reserve_async(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Reservation:
        """Reserve the call's cost; a limiter that may wait for a database does so in a thread."""
        if self.reserves_locally:
            return self.reserve(args, kwargs)
        from beautyspot.threads import reserved_in_thread  # asyncio: 40 of the 50 ms `import beautyspot` would cost

        reserve = partial(self.limiter.reserve, self._cost_of(args, kwargs))
        return await reserved_in_thread(self._executor, reserve, self.limiter.give_back)

    def give_back_from_loop(self, reservation: Reservation, /) -> None:
        """Free a place of which nobody waits any more, without holding up the event loop."""
        if self.reserves_locally:
            self.limiter.give_back(reservation)
            return
        from beautyspot.threads import aside  # as above

        aside(self._executor, self.limiter.give_back, reservation)

    def give_back_later(self, reservation: Reservation, /) -> None:
        """Free a place from within the garbage collector, which may run in a thread that holds any lock."""
        getattr(self.limiter, "give_back_later", self.limiter.give_back)(reservation)

    @property
    def reserves_locally(self) -> bool:
        """Whether the limiter answers in microseconds; most do."""
        return getattr(self.limiter, "reserves_locally", True)

    @property
    def _executor(self) -> "Executor | None":
        line: Line | None = getattr(self.limiter, "line", None)
        return None if line is None else line.executor

    def _cost_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
        return self.cost(*args, **kwargs) if callable(self.cost) else self.cost


def pace(limits: tuple[Limit, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Wait until every limit grants the call, and return the seconds waited."""
    waited_s = 0.0
    for limit in limits:
        reservation = limit.reserve(args, kwargs)
        if reservation > 0:
            try:
                sleep(limit.clock, reservation)
            except BaseException:
                limit.limiter.give_back(reservation)
                raise
        waited_s += reservation
    begin()
    return waited_s


async def pace_async(limits: tuple[Limit, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Wait until every limit grants the call, and return the seconds waited."""
    waited_s = 0.0
    for limit in limits:
        reservation = await limit.reserve_async(args, kwargs)
        if reservation > 0:
            try:
                await limit.clock.sleep_async(reservation)
            except GeneratorExit:
                limit.give_back_later(reservation)
                raise
            except BaseException:
                limit.give_back_from_loop(reservation)
                raise
        waited_s += reservation
    begin()
    return waited_s
