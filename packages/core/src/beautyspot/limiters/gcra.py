"""The limiter of one process."""

import math
import os
from threading import RLock
from weakref import WeakSet

from beautyspot.clocks import Clock
from beautyspot.limiters.holes import Holes
from beautyspot.limiters.rate import Place, Rate
from beautyspot.records import Reservation
from beautyspot.system_clock import SystemClock

_FREE = Reservation(0.0)
_FREE.slot_s = _FREE.cost = 0.0
_limiters: "WeakSet[GCRA]" = WeakSet()


class GCRA:
    """Paces calls at `tokens_per_minute`: the first at once, the others evenly, in the order they reserve.

    With `burst` above 1, an idle time saves up that many cells, which may go at once.
    """

    def __init__(self, tokens_per_minute: float, *, burst: float = 1, clock: Clock | None = None) -> None:
        """Start with nothing spent.

        Args:
            tokens_per_minute: Cells a minute, above 0.
            burst: Cells that an idle time saves up at most, 1 or more.
            clock: Its monotonic time is used; the machine's own by default.

        Raises:
            ConfigurationError: the rate or the burst is no such number.
        """
        self.rate = Rate(tokens_per_minute, burst)
        self._now = (clock or SystemClock()).monotonic
        # Reentrant: a garbage collection under the lock may close a coroutine, which gives its place back.
        self._lock = RLock()
        self._tat_s = float("-inf")
        self._holes = Holes()
        _limiters.add(self)

    def reserve(self, cost: float = 1, /) -> Reservation:
        """Take `cost` and return the seconds to wait before spending it.

        Never sleeps. Calls are served in the order they reserve, but for one that fits where a cancelled one was.

        Args:
            cost: Cells; 0 is free. One above `burst` waits until all before it is paid.

        Raises:
            LimitExceeded: `cost` is more than a whole minute's budget.
            ConfigurationError: `cost` is no number of cells.
        """
        rate = self.rate
        cost = rate.checked(cost)
        if not cost:
            return _FREE
        length_s = cost * rate.cell_s
        with self._lock:
            now_s = self._now()
            begin_s = self._holes.take(now_s, length_s) if self._holes.stretches else None
            if begin_s is None:
                begin_s = max(now_s, self._tat_s)
                self._tat_s = begin_s + length_s
        return rate.place(now_s, begin_s, begin_s + length_s, cost, self._holes)

    def give_back(self, reservation: Reservation, cost: float = math.inf, /) -> None:
        """Free the place of a wait that was cancelled, without ever granting more than the rate.

        The calls behind it keep their times; the next one to reserve takes the place if it fits. Giving back twice,
        or what another limiter gave, does nothing.

        Args:
            cost: Cells of it, if not all; what `settle` found to be too much.
        """
        if not isinstance(reservation, Place) or reservation.holes is not self._holes:
            return
        with self._lock:
            begin_s, end_s = reservation.shorten(cost * self.rate.cell_s)
            if begin_s < end_s <= self._tat_s:
                self._free(begin_s, end_s)

    def waiting_s(self) -> float:
        """Return the seconds that a call of cost 1 would wait if it came now."""
        with self._lock:
            now_s = self._now()
            begin_s = self._holes.find(now_s, self.rate.cell_s)
            if begin_s is None:
                begin_s = max(now_s, self._tat_s)
            return max(0.0, self.rate.start_s(begin_s, 1) - now_s)

    def _free(self, begin_s: float, end_s: float) -> None:
        begin_s, end_s = self._holes.join(begin_s, end_s)
        if end_s == self._tat_s:
            self._tat_s = begin_s
        else:
            self._holes.add(begin_s, end_s)


def _after_fork_in_child() -> None:
    for limiter in _limiters:
        limiter._lock = RLock()  # pyright: ignore[reportPrivateUsage] - a thread of the parent may have held it


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
