"""The wait before a call: a limiter, what a call costs, and the one exact sleep."""

from collections.abc import Callable
from typing import Any, NamedTuple

from beautyspot.clocks import Clock
from beautyspot.protocols import Limiter
from beautyspot.records import Reservation


class Limit(NamedTuple):
    """One limiter and what a call takes from it."""

    limiter: Limiter
    cost: float | Callable[..., float]
    clock: Clock

    def reserve(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Reservation:
        """Reserve the call's cost."""
        return self.limiter.reserve(self.cost(*args, **kwargs) if callable(self.cost) else self.cost)


def pace(limits: tuple[Limit, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Wait until every limit grants the call, and return the seconds waited."""
    waited_s = 0.0
    for limit in limits:
        reservation = limit.reserve(args, kwargs)
        if reservation > 0:
            try:
                limit.clock.sleep(reservation)
            except BaseException:
                limit.limiter.give_back(reservation)
                raise
        waited_s += reservation
    return waited_s


async def pace_async(limits: tuple[Limit, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    """Wait until every limit grants the call, and return the seconds waited."""
    waited_s = 0.0
    for limit in limits:
        reservation = limit.reserve(args, kwargs)
        if reservation > 0:
            try:
                await limit.clock.sleep_async(reservation)
            except BaseException:
                limit.limiter.give_back(reservation)
                raise
        waited_s += reservation
    return waited_s
