"""The arithmetic of GCRA, for a theoretical arrival time (TAT) kept in memory or in a database.

The limit's capacity is a line of instants: every call owns the stretch of it that its cost takes at the rate, no two
stretches overlap, and the TAT is the end of the last one. A call may start up to `burst` cells before its stretch ends,
and never after its stretch begins. So the calls that start within w seconds cost at most w · rate + burst cells, or
+ the largest cost among them if that is above `burst`.

Source: ITU-T I.371, annex A (virtual scheduling).
"""

from sys import float_info

from beautyspot.checks import shown
from beautyspot.errors import ConfigurationError, LimitExceeded
from beautyspot.limiters.holes import Holes
from beautyspot.records import Reservation


class Place(Reservation):
    """A reservation that knows its stretch."""

    __slots__ = ("begin_s", "end_s", "holes")
    begin_s: float
    end_s: float
    """The TAT just after the reservation."""
    holes: Holes
    """Those of the limiter that gave it."""

    def shorten(self, length_s: float, /) -> tuple[float, float]:
        """Cut so much off its end, at most all of it, and return the stretch that was cut off."""
        end_s = self.end_s
        self.end_s = max(self.begin_s, end_s - length_s)
        return self.end_s, end_s


class Rate:
    """A checked rate, with what every limiter of it works out."""

    __slots__ = ("burst", "cell_s", "most", "tokens_per_minute")

    def __init__(self, tokens_per_minute: float, burst: float, /) -> None:
        """Take `tokens_per_minute` cells a minute, of which an idle time saves up at most `burst`."""
        if not _number(tokens_per_minute) or tokens_per_minute <= 0:
            raise ConfigurationError(
                f"not a rate: {shown(tokens_per_minute)}; give calls (or tokens) per minute, above 0"
            )
        if not _number(burst) or burst < 1:
            raise ConfigurationError(
                f"not a burst: {shown(burst)}; give how many may go at once, 1 (strict pacing) or more"
            )
        self.tokens_per_minute = float(tokens_per_minute)
        self.burst = float(burst)
        self.cell_s = 60 / self.tokens_per_minute
        self.most = max(self.burst, self.tokens_per_minute)

    def checked(self, cost: float, /) -> float:
        """Return `cost` as a float from 0 to `most`.

        Raises:
            LimitExceeded: it is more than a whole minute's budget.
            ConfigurationError: it is no number of cells.
        """
        # Comparing first lets NaN, None and text fall through to the one slow branch.
        try:
            if 0 <= cost <= self.most and cost is not True and cost is not False:
                return float(cost)
        except TypeError:
            pass
        if _number(cost) and cost > self.most:
            raise LimitExceeded(
                f"cost {cost!r} is above the budget of a whole minute ({self.most:g}), so no wait is long enough; "
                "raise tpm or burst, or split the call"
            )
        raise ConfigurationError(f"not a cost: {shown(cost)}; give a number of cells, 0 (free) or more")

    def place(self, now_s: float, begin_s: float, end_s: float, cost: float, holes: Holes, /) -> Place:
        """Return the reservation of the stretch from `begin_s` to `end_s`, made at `now_s`."""
        start_s = max(now_s, self.start_s(begin_s, cost))
        place = Place(start_s - now_s)
        place.slot_s = start_s
        place.cost = cost
        place.begin_s = begin_s
        place.end_s = end_s
        place.holes = holes
        return place

    def start_s(self, begin_s: float, cost: float, /) -> float:
        """Return the first instant at which a call whose stretch begins at `begin_s` may start.

        A cost of `burst` or above starts there exactly: when all before it is paid. What is above is paid afterwards.
        """
        return begin_s - (self.burst - cost) * self.cell_s if cost < self.burst else begin_s


def _number(value: object) -> bool:
    # Compared instead of given to `math.isfinite`, which fails where an int is larger than any float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max
