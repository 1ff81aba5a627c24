"""One runner per key: the first to claim it leads and makes the call, who comes meanwhile follows and gets its result.

Threads and tasks of a process meet in a table of the keys in flight; processes meet at `KeyLocks`, whose keeper frees
the lock of a dead leader. Nobody polls but tasks that wait for another process, as a blocked thread can't be cancelled.

Waiting must end. A claim that would close a circle of waits (a function that calls itself for the same key, two that
call each other from two threads or tasks) leads alone, beside the table. The keys that a thread or task leads are in a
context variable, so tasks that it starts count as its own; threads do if they are started in a copy of its context.
"""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.flight.claim import Claim, Outcome
    from beautyspot.flight.flight import Flight
    from beautyspot.flight.turns import Turn, Turns
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "Claim": "beautyspot.flight.claim",
            "Flight": "beautyspot.flight.flight",
            "Outcome": "beautyspot.flight.claim",
            "Turn": "beautyspot.flight.turns",
            "Turns": "beautyspot.flight.turns",
        },
    )

__all__ = ["Claim", "Flight", "Outcome", "Turn", "Turns"]
