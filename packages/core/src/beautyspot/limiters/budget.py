"""What calls may take from two limits at once: requests and tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from beautyspot.limiters.settling import settle
from beautyspot.records import Reservation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from beautyspot.limiters.gcra import GCRA
    from beautyspot.limiters.line import Line
    from beautyspot.limiters.shared import SharedGCRA


def _reservation(cost: float) -> Reservation:
    reservation = Reservation(0.0)
    reservation.slot_s, reservation.cost = 0.0, cost
    return reservation


_FREE = _reservation(0.0)
_ONE_TOKEN = _reservation(1.0)
"""What each call pays beforehand, whatever it will come to."""


class CallReservation(float):
    """Seconds to wait before a call may be made; remembers what it took, to be settled or given back."""

    __slots__ = ("requests", "tokens")
    requests: Reservation
    tokens: Reservation


class Budget:
    """Takes the cost of calls from up to two limits. Never sleeps."""

    def __init__(self, requests: GCRA | SharedGCRA | None, tokens: GCRA | SharedGCRA | None) -> None:
        """Take from those limits that are not None."""
        self._requests = requests
        self._tokens = tokens
        self.reserves_locally = all(getattr(each, "reserves_locally", True) for each in (requests, tokens))
        """Whether an event loop may ask by itself."""

    @property
    def executor(self) -> Executor | None:
        """Where it asks else; None for its own."""
        line: Line | None = getattr(self._requests or self._tokens, "line", None)
        return None if line is None else line.executor

    @property
    def most_tokens(self) -> float:
        """How many tokens a whole minute grants."""
        return self._tokens.rate.most if self._tokens else math.inf

    def reserve(self, *, requests: float = 1, tokens: float = 0) -> CallReservation:
        """Take the cost and return the seconds to wait.

        A call takes one token at least, so that it waits for the payment of those before it, and a whole minute's
        budget at most: the rest is paid when it is settled.

        Raises:
            LimitExceeded: `requests` is more than a whole minute's budget.
        """
        of_requests = self._requests.reserve(requests) if self._requests else _FREE
        of_tokens = _FREE
        if self._tokens:
            try:
                of_tokens = self._tokens.reserve(min(max(tokens, 1), self._tokens.rate.most))
            except BaseException:  # a wrong number, or Ctrl-C while the database is asked; re-raised
                if self._requests:
                    self._requests.give_back(of_requests)
                raise
        reservation = CallReservation(max(of_requests, of_tokens))
        reservation.requests, reservation.tokens = of_requests, of_tokens
        return reservation

    def settle(self, reservation: CallReservation, used_tokens: float, /) -> None:
        """Correct the tokens that `reservation` took, once."""
        if self._tokens:
            settle(self._tokens, reservation.tokens, used_tokens)

    def pay(self, used_tokens: float, /) -> None:
        """Take the tokens of a call whose reservation nobody kept."""
        if self._tokens:
            settle(self._tokens, _ONE_TOKEN, used_tokens)

    def give_back(self, reservation: CallReservation, /) -> None:
        """Free the place of a call that is not made."""
        for limit, part in self._parts(reservation):
            limit.give_back(part)

    def give_back_later(self, reservation: CallReservation, /) -> None:
        """Do so from within the garbage collector, which may run in a thread that holds any lock."""
        for limit, part in self._parts(reservation):
            getattr(limit, "give_back_later", limit.give_back)(part)

    def _parts(self, reservation: CallReservation) -> Iterator[tuple[GCRA | SharedGCRA, Reservation]]:
        for limit, part in ((self._requests, reservation.requests), (self._tokens, reservation.tokens)):
            if limit:
                yield limit, part
