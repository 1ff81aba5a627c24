"""The limiter of all processes that share a database."""

import math
import os
from collections import deque
from contextlib import suppress
from threading import RLock
from weakref import WeakSet

from beautyspot.clocks import Clock
from beautyspot.errors import CacheWarning
from beautyspot.limiters.gcra import GCRA
from beautyspot.limiters.holes import Holes
from beautyspot.limiters.line import Line
from beautyspot.limiters.rate import Place, Rate
from beautyspot.limiters.steps import Steps
from beautyspot.notices import Notices, told
from beautyspot.protocols import SupportsLimitRates, SupportsLimits
from beautyspot.records import LimitRate, Reservation
from beautyspot.system_clock import SystemClock

RETRY_S = 60.0
"""How long a limiter paces alone after its database failed. A locked database costs its whole timeout to find out."""
LATE_S = 1.0
"""How long the database may take to grant a place, as one that somebody holds does, until a later one is taken."""
TICKS_PER_S = 2**21
"""Times are whole ticks, whose sums and differences are exact in a float until 2106: stretches that touch share one
number, and a cost too small for the float of today's time still takes its place."""

_limiters: "WeakSet[SharedGCRA]" = WeakSet()


class SharedGCRA:
    """Paces the calls of every process that uses `name` in the same database, as `GCRA` does those of one.

    The TAT is on the wall clock, which the processes of a machine have in common. Beside it stands what the limit
    grants, from the first call of a process on; where several give it different rates, that of who looked last (each
    looks every few seconds of use). The places that a process gives back
    are its own to fill again, until they are the last ones in the database. While the database fails, each process
    paces its own calls.
    """

    def __init__(
        self, db: SupportsLimits, name: str, tokens_per_minute: float, *, burst: float = 1, clock: Clock | None = None
    ) -> None:
        """Keep the TAT under `name` in `db`; the other arguments are those of `GCRA`."""
        clock = clock or SystemClock()
        self.rate = Rate(tokens_per_minute, burst)
        self.name = name
        self.reserves_locally = False
        """Whether an event loop may ask by itself: to reserve is to write, and another program may hold the file."""
        self.line = Line(db)
        """Where it asks instead."""
        self._noted = LimitRate(self.rate.tokens_per_minute, self.rate.burst)
        self._db = db
        self._now = clock.time
        self._lock = RLock()  # reentrant as in `GCRA`, and never held while the database is asked
        self._holes = Holes()
        self._steps = Steps(db, name)
        self._left: deque[Reservation] = deque()
        """Places that the garbage collector left, to be given back."""
        self._alone = GCRA(tokens_per_minute, burst=burst, clock=clock)
        self._alone_until_s = float("-inf")
        self._notices = Notices()
        _limiters.add(self)

    def reserve(self, cost: float = 1, /) -> Reservation:
        """Take `cost` and return the seconds to wait before spending it; see `GCRA.reserve`."""
        asked_s = self._now()
        reservation = self._reserve(cost)
        if self._now() > asked_s + LATE_S:
            # Its place is past, and those who ask now take places of now: too many would go at once.
            self.give_back(reservation)
            reservation = self._reserve(cost)
        return reservation

    def _reserve(self, cost: float) -> Reservation:
        rate = self.rate
        cost = rate.checked(cost)
        if self._left:
            self._give_back_left()
        now_s = _in_ticks(self._now())
        if now_s < self._alone_until_s - RETRY_S:
            self._alone_until_s = now_s  # the clock was set back
        if not cost or now_s < self._alone_until_s:
            return self._alone.reserve(cost)
        length_s = _in_ticks(cost * rate.cell_s)
        try:
            if self._steps.is_due(now_s):
                self._look_around(now_s)
            begin_s = self._fill_hole(now_s, length_s) if self._holes.stretches else None
            if begin_s is None:
                begin_s = self._db.advance_limit(self.name, now_s, length_s) - length_s
        except Exception as error:  # noqa: BLE001 - here and below: the database may be anybody's
            self._go_alone(now_s, error)
            return self._alone.reserve(cost)
        return rate.place(now_s, begin_s, begin_s + length_s, cost, self._holes)

    def give_back(self, reservation: Reservation, cost: float = math.inf, /) -> None:
        """Free the place of a wait that was cancelled, or `cost` cells of it; see `GCRA.give_back`.

        The next call of this process takes it if it fits, and those of every process once no place behind it is taken.
        """
        with self._lock:
            if not isinstance(reservation, Place) or reservation.holes is not self._holes:
                self._alone.give_back(reservation, cost)
                return
            begin_s, end_s = reservation.shorten(_in_ticks(min(cost, reservation.cost) * self.rate.cell_s))
            if begin_s == end_s:
                return
            # A stretch is either free here or offered to the database: in both places it could be granted twice.
            begin_s, end_s = self._holes.join(begin_s, end_s)
        try:
            restored = self._now() >= self._alone_until_s and self._db.restore_limit(self.name, end_s, end_s - begin_s)
        except Exception as error:  # noqa: BLE001 - the place is lost: the next call waits longer than it had to
            self._go_alone(self._now(), error)
            return
        if not restored:
            with self._lock:
                self._holes.add(begin_s, end_s)

    def give_back_later(self, reservation: Reservation, /) -> None:
        """Free the place of a wait that the garbage collector ended, once this process reserves again.

        The collector may run in a thread that is inside the database and holds its locks.
        """
        self._left.append(reservation)

    def waiting_s(self) -> float:
        """Return the seconds that a call of cost 1 would wait if it came now."""
        now_s = self._now()
        if now_s < self._alone_until_s:
            return self._alone.waiting_s()
        try:
            tat_s = self._db.advance_limit(self.name, now_s, 0.0)
        except Exception as error:  # noqa: BLE001 - as above
            self._go_alone(now_s, error)
            return self._alone.waiting_s()
        with self._lock:
            hole_s = self._holes.find(now_s, _in_ticks(self.rate.cell_s))
        return max(0.0, self.rate.start_s(tat_s if hole_s is None else hole_s, 1) - now_s)

    def after_fork_in_child(self) -> None:
        """Leave the free places to the parent, and its own lock, which a thread of it may have held."""
        self._lock = RLock()
        self._holes = Holes()
        self._left.clear()
        self.line = Line(self._db)
        self._notices.after_fork_in_child()

    def _look_around(self, now_s: float) -> None:
        if self._steps.undo(now_s):
            self._holes = Holes()  # the free places lie in a time that is yet to come
        if isinstance(self._db, SupportsLimitRates):
            with suppress(Exception):  # nothing depends on it, and the next look tries again
                self._db.note_limit_rate(self.name, self._noted)

    def _give_back_left(self) -> None:
        with suppress(IndexError):  # another thread was faster
            while True:
                self.give_back(self._left.popleft())

    def _fill_hole(self, now_s: float, length_s: float) -> float | None:
        with self._lock:
            return self._holes.take(now_s, length_s)

    def _go_alone(self, now_s: float, error: Exception) -> None:
        self._alone_until_s = now_s + RETRY_S
        self._notices.warn(
            self.name,
            f"the shared limit {self.name!r} could not be reached ({told(error)}); "
            "each process now paces its own calls, so together they may exceed it; see `beautyspot doctor`",
            CacheWarning,
        )


def _in_ticks(seconds: float) -> float:
    return math.ceil(seconds * TICKS_PER_S) / TICKS_PER_S


def _after_fork_in_child() -> None:
    for limiter in _limiters:
        limiter.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
