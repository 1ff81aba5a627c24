"""The limiter of all processes that share a database."""

import warnings

from beautyspot.clocks import Clock, SystemClock
from beautyspot.errors import CacheWarning, StorageError
from beautyspot.limiters.gcra import GCRA
from beautyspot.limiters.rate import Place, Rate
from beautyspot.protocols import SupportsLimits
from beautyspot.records import Reservation

RETRY_S = 60.0
"""How long a limiter paces alone after its database failed. A locked database costs its whole timeout to find out."""


class SharedPlace(Place):
    """A place in the database, where `give_back` must look for it."""

    __slots__ = ()


class SharedGCRA:
    """Paces the calls of every process that uses `name` in the same database, as `GCRA` does those of one.

    The TAT is on the wall clock, which the processes of a machine have in common. While the database fails, each
    process paces its own calls.
    """

    def __init__(
        self, db: SupportsLimits, name: str, tokens_per_minute: float, *, burst: float = 1, clock: Clock | None = None
    ) -> None:
        """Keep the TAT under `name` in `db`; the other arguments are those of `GCRA`."""
        clock = clock or SystemClock()
        self.rate = Rate(tokens_per_minute, burst)
        self.name = name
        self._db = db
        self._now = clock.time
        self._alone = GCRA(tokens_per_minute, burst=burst, clock=clock)
        self._alone_until_s = float("-inf")
        self._warned = False

    def reserve(self, cost: float = 1, /) -> Reservation:
        """Take `cost` and return the seconds to wait before spending it; see `GCRA.reserve`."""
        rate = self.rate
        cost = rate.checked(cost)
        now_s = self._now()
        if not cost or now_s < self._alone_until_s:
            return self._alone.reserve(cost)
        try:
            end_s = self._db.advance_limit(self.name, now_s, cost * rate.cell_s)
        except StorageError as error:
            self._go_alone(now_s, error)
            return self._alone.reserve(cost)
        return rate.place(now_s, end_s - cost * rate.cell_s, end_s, cost, SharedPlace)

    def give_back(self, reservation: Reservation, /) -> None:
        """Free the place of a wait that was cancelled, if it is still the last one."""
        if not isinstance(reservation, SharedPlace):
            self._alone.give_back(reservation)
            return
        if reservation.begin_s < reservation.end_s:
            reservation.begin_s = reservation.end_s
            try:
                self._db.restore_limit(self.name, reservation.end_s, reservation.cost * self.rate.cell_s)
            except StorageError as error:  # the place is lost: the next call waits longer than it had to
                self._go_alone(self._now(), error)

    def waiting_s(self) -> float:
        """Return the seconds that a call of cost 1 would wait if it came now."""
        now_s = self._now()
        if now_s < self._alone_until_s:
            return self._alone.waiting_s()
        try:
            tat_s = self._db.advance_limit(self.name, now_s, 0.0)
        except StorageError as error:
            self._go_alone(now_s, error)
            return self._alone.waiting_s()
        return max(0.0, self.rate.start_s(tat_s, 1) - now_s)

    def _go_alone(self, now_s: float, error: StorageError) -> None:
        self._alone_until_s = now_s + RETRY_S
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"the shared limit {self.name!r} could not be reached ({error}); "
                "each process now paces its own calls, so together they may exceed it; see `beautyspot doctor`",
                CacheWarning,
                stacklevel=4,
            )
