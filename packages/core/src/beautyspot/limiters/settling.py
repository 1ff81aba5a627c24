"""Costs that are known only afterwards, such as the tokens of an answer."""

from beautyspot.limiters.gcra import GCRA
from beautyspot.limiters.shared import SharedGCRA
from beautyspot.records import Reservation


def settle(limiter: GCRA | SharedGCRA, reservation: Reservation, cost: float, /) -> None:
    """Correct what `reservation` took, once, to the `cost` that it came to.

    What was too much is free again. What was too little is a debt of any size, which the calls to come wait for.
    """
    if cost <= reservation.cost:
        limiter.give_back(reservation, reservation.cost - cost)
        return
    owed = cost - reservation.cost
    while owed > 0:
        part = min(owed, limiter.rate.most)
        limiter.reserve(part)
        owed -= part
