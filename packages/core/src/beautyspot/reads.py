"""Which results were read, gathered from the hits and written down in batches: a hit itself writes nothing."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime

from beautyspot.powers import notes_uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from beautyspot.clocks import Clock
    from beautyspot.protocols import TaskDB

BATCH = 400
"""Keys of one step: about 3 ms."""
FRESH_S = 3600.0
"""How long a key that was written is not written again."""
MAX_HELD = 16_384
"""Keys held in memory; what is read beyond them is not noted, and seems less used than it is."""
PATIENCE_S = 0.1
"""Longest time that the last writing at an exit may take."""


class Reads:
    """The keys that hits read and that are not written yet."""

    def __init__(self, db: TaskDB, clock: Clock) -> None:
        """Write to `db`; for one that keeps no notes of use, remember nothing."""
        self._db = db if notes_uses(db) else None
        self._clock = clock
        self._waiting: set[str] = set()
        self._written: set[str] = set()
        self._since_s = clock.monotonic()
        self._lock = threading.RLock()

    def see(self, keys: Sequence[str], /) -> None:
        """Remember that hits read `keys`, any of them many times."""
        if self._db is not None and len(self._waiting) < MAX_HELD:
            # Whatever was written before is only taken out when it is time to write: 10 ns a hit instead of 110.
            with self._lock:
                self._waiting.update(keys)

    def write(self) -> bool:
        """Write one batch, and say whether that worked; what could not be written waits on."""
        batch = self._take()
        if not batch or self._db is None:
            return True
        try:
            self._db.uses.note(batch, datetime.fromtimestamp(self._clock.time(), UTC))
        except Exception:  # noqa: BLE001 - the database may be anybody's, and how old a use is costs nobody a result
            with self._lock:
                self._waiting.update(batch)
                self._written.difference_update(batch)
            return False
        return True

    def _take(self) -> list[str]:
        with self._lock:
            if self._clock.monotonic() - self._since_s > FRESH_S or len(self._written) > MAX_HELD:
                self._written.clear()
                self._since_s = self._clock.monotonic()
            self._waiting -= self._written
            batch: list[str] = []
            with suppress(KeyError):  # none is left, or a signal handler took them in between
                while len(batch) < BATCH:
                    batch.append(self._waiting.pop())
            self._written.update(batch)
        return batch

    def write_all(self) -> bool:
        """Write batches until none is left or patience ends, and say whether that worked."""
        end_s = self._clock.monotonic() + PATIENCE_S
        while self._waiting and self._clock.monotonic() < end_s:
            if not self.write():
                return False
        return True

    def forget(self) -> None:
        """Drop everything: in the child of a fork it belongs to the parent."""
        self._lock = threading.RLock()
        self._waiting.clear()
