"""What every limiter promises."""

from typing import Protocol

from beautyspot.records import Reservation


class Limiter(Protocol):
    """Says how long to wait. Never sleeps. Calls are served in the order they reserve, but in places given back."""

    def reserve(self, cost: float = 1, /) -> Reservation:
        """Take `cost` and return the seconds to wait before spending it.

        Raises:
            LimitExceeded: `cost` is more than the limit ever grants.
        """
        ...

    def give_back(self, reservation: Reservation, /) -> None:
        """Free the place of a wait that was cancelled, without ever granting more than the rate."""
        ...
