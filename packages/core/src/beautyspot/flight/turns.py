"""Many keys at once: those that nobody makes are led by one call, those that others make are waited for afterwards.

Whoever waits leads nothing of the batch any more, so batches that overlap in any order never wait for each other.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager

from beautyspot.flight.claim import Claim
from beautyspot.flight.table import Call, Table, is_setting_led, led, set_led

WAIT_S = 120.0
"""How long anybody waits for what others make; a batch that takes longer is paid for twice only if two ask for it."""


class Turn:
    """Which keys of a batch are to be made now."""

    def __init__(self, led: Sequence[str], waiting: dict[Call, list[str]]) -> None:
        """Begin.

        Args:
            led: The keys that the caller leads: others may have made them since it looked, so look again.
            waiting: The keys that others make, by their calls.
        """
        self.led = led
        self.waiting = waiting

    @property
    def others(self) -> list[str]:
        """The keys that others make; all the rest is the caller's to make."""
        return [key for keys in self.waiting.values() for key in keys]


class Turns:
    """The turns of one caller on its way to a batch of results. Processes don't meet here."""

    def __init__(self, table: Table | None, /, *, wait_s: float = WAIT_S) -> None:
        """Begin; without a table every key is made at once, whoever else makes it."""
        self._table = table
        self._wait_s = wait_s
        self._alone: set[str] = set()
        """Keys that were waited for in vain; who waits in line for a provider that is down waits for everybody."""

    @contextmanager
    def take(self, keys: Iterable[str], /) -> Generator[Turn]:
        """Lead for this block those of `keys` that nobody leads; at its end those who wait go on.

        An exception says nothing of the others' texts, so they make theirs at once. A call that was cancelled is taken
        over by one of them.
        """
        table = self._table
        free = [] if table is None or is_setting_led() else [key for key in keys if key not in self._alone]
        if table is None or not free:
            yield Turn((), {})
            return
        claim = Claim(table, None, free[0])
        try:
            yield self._lead(claim, table, free)
        except Exception:
            claim.land(None, kept=False)
            raise
        except BaseException:
            claim.abandon()
            raise
        claim.land(None, kept=True)

    def wait(self, turn: Turn, /) -> None:
        """Wait until others have made theirs, blocking the thread; then look what is kept, and take another turn."""
        for claim, keys in self._followers(turn):
            try:
                landed = claim.leads or claim.wait(limit_s=self._wait_s).landed
            except TimeoutError:
                landed = True
            if landed:
                self._alone.update(keys)

    async def wait_async(self, turn: Turn, /) -> None:
        """Do as `wait`, letting the event loop go on."""
        import asyncio  # as in `Claim.wait_async`

        for claim, keys in self._followers(turn):
            limit = asyncio.timeout(self._wait_s)
            try:
                async with limit:
                    landed = claim.leads or (await claim.wait_async()).landed
            except TimeoutError:
                landed = True
            if landed:
                self._alone.update(keys)

    def skip(self, turn: Turn, /) -> None:
        """Wait for nobody, as on an event loop's thread, where who is waited for may be on the same loop."""
        self._alone.update(turn.others)

    def _lead(self, claim: Claim, table: Table, keys: Sequence[str]) -> Turn:
        ours = tuple(call for call in led.get() if not call.done)
        claim.keys = keys  # first, so that an interrupt in between has them given back
        set_led((*ours, claim.call))
        waiting: dict[Call, list[str]] = {}
        with table.mutex:
            for key in keys:
                call = table.calls.setdefault(key, claim.call)
                if call is not claim.call:
                    waiting.setdefault(call, []).append(key)
        taken = {key for each in waiting.values() for key in each}
        return Turn([key for key in keys if key not in taken], waiting)

    def _followers(self, turn: Turn) -> Iterator[tuple[Claim, list[str]]]:
        """Yield a claim for each call of others that has not ended; it leads where waiting would close a circle."""
        for call, keys in turn.waiting.items():
            assert self._table is not None, "without a table nobody is waited for"
            claim = Claim(table := self._table, None, keys[0])
            ours = tuple(each for each in led.get() if not each.done)
            with table.mutex:
                if call.done:
                    continue  # another may have led the same since, so that is asked first
                claim.follow(call, ours)
            yield claim, keys
