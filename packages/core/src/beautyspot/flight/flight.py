"""Who leads and who follows."""

from __future__ import annotations

from beautyspot.flight.table import is_setting_led, led, set_led, table_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.flight.claim import Claim
    from beautyspot.flight.turns import Turns
    from beautyspot.protocols import KeyLocks


class Flight:
    """The keys in flight of one store."""

    def __init__(self, locks: KeyLocks | None = None, *, name: str | None = None) -> None:
        """Start with no key in flight.

        Args:
            locks: Where processes meet; None: each process makes its own calls.
            name: Flights of one name in this process are one, as those of two Spots on one file are. None: one alone.
        """
        self._locks = locks
        self._table = table_named(name)

    def __len__(self) -> int:
        """Return how many keys are in flight in this process."""
        return len(self._table.calls)

    def claim(self, key: str, /, *, ask_processes: bool = True) -> Claim:
        """Lead `key` if nobody in this process does, else follow. Waits for nobody.

        Args:
            key: Of the call.
            ask_processes: Try the lock between processes now; else the leader has yet to ask for it, which it does with
                `wait_for_process`: where the keeper of the locks is far away, an event loop must not do this here.
        """
        from beautyspot.flight.claim import Claim  # no hit claims anything

        table = self._table
        claim = Claim(table, self._locks, key)
        if is_setting_led():
            return claim  # known to nobody: it could not be told from one that others lead
        try:
            ours = led.get()
            if ours:
                ours = tuple(call for call in ours if not call.done)
            set_led((*ours, claim.call))  # first: what a signal handler calls in between must not wait for us
            with table.mutex:
                call = table.calls.setdefault(key, claim.call)
                if call is not claim.call:
                    set_led(ours)
                    claim.follow(call, ours)
                    return claim
            if self._locks is not None:
                claim.other_process_runs = not (ask_processes and claim.take_lock(self._locks.try_acquire))
        except BaseException:  # an interrupt in here must not leave a key that nobody lands; re-raised
            claim.abandon()
            raise
        return claim

    def turns(self) -> Turns:
        """Return the turns of a caller that wants many results at once."""
        from beautyspot.flight.turns import Turns  # as in `claim`

        return Turns(self._table)
