"""What one function did in this process, counted in memory until the journal writes it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from beautyspot.records import Activity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    from beautyspot.clocks import Clock
    from beautyspot.reads import Reads
else:
    from beautyspot.tuples import NamedTuple

MAX_UNCOUNTED = 4096
"""Hits that a tally lists before it counts them."""


class CacheInfo(NamedTuple):
    """What one function did in this process."""

    hits: int
    misses: int
    errors: int
    saved_s: float
    """Seconds that the hits would have taken."""
    waited_s: float
    """Seconds spent waiting for the limiter."""
    unreadable: int = 0
    """Calls that ran although a result is kept, as that could not be read; they are misses or errors as well."""


class Tally:
    """The counts of one function."""

    __slots__ = (
        "_clock", "_info", "_keys", "_lock", "_reads", "_saved", "_since_s", "_tokens", "_unreadable", "_written",
        "func_name",
    )  # fmt: skip

    def __init__(self, func_name: str, clock: Clock, reads: Reads) -> None:
        """Start at zero, and tell `reads` which results were read."""
        self.func_name = func_name
        self._clock = clock
        self._reads = reads
        self._lock = threading.RLock()  # a signal handler may call a marked function in the middle of our lines
        self._info: list[float] = [0, 0, 0, 0.0, 0.0]
        self._unreadable = 0
        self._saved: list[float] = []
        """One item per hit that is not in the counts yet."""
        self._keys: list[str] = []
        """What those hits read."""
        self._tokens = [0, 0]
        """Spent and saved, as far as they are not written."""
        self._written = self.info()
        self._since_s: float | None = None

    def info(self) -> CacheInfo:
        """Return the counts since the process began."""
        with self._lock:
            return self._count()

    def _count(self) -> CacheInfo:
        new = self._saved[:]
        del self._saved[: len(new)]  # not `clear`: threads that take no lock append meanwhile
        self._info[0] += len(new)
        self._info[3] += sum(new)
        keys = self._keys[:]
        del self._keys[: len(keys)]
        if keys:
            self._reads.see(keys)
        hits, misses, errors, saved_s, waited_s = self._info
        return CacheInfo(int(hits), int(misses), int(errors), saved_s, waited_s, self._unreadable)

    def hit(self, saved_s: float, key: str, /) -> None:
        """Count a hit. On the way of every hit: two appends, which need no lock and take half the time."""
        self._saved.append(saved_s)
        self._keys.append(key)
        if self._since_s is None:
            self._since_s = self._clock.time()
        if len(self._saved) >= MAX_UNCOUNTED:
            self.info()

    def miss(self, waited_s: float, *, failed: bool, unreadable: bool = False) -> None:
        """Count a call that ran the function; `unreadable` is what the store says of its key."""
        with self._lock:
            self._unreadable += unreadable
            self._info[2 if failed else 1] += 1
            self._info[4] += waited_s
            if self._since_s is None:
                self._since_s = self._clock.time()

    def tokens(self, *, spent: int = 0, saved: int = 0) -> None:
        """Count tokens of a language model: spent by a call, or saved by a hit."""
        with self._lock:
            self._tokens[0] += spent
            self._tokens[1] += saved
            if self._since_s is None:
                self._since_s = self._clock.time()

    def take(self) -> Activity | None:
        """Return what is not written yet, and take it as written."""
        with self._lock:
            # First, so that a hit from here on sets it again and is not left behind.
            since_s, self._since_s = self._since_s, None
            if since_s is None:
                return None
            minute = datetime.fromtimestamp(since_s // 60 * 60, UTC)
            new, old = self._count(), self._written
            self._written = new
            tokens, self._tokens = self._tokens, [0, 0]
        return Activity(
            self.func_name, minute, new.hits - old.hits, new.misses - old.misses, new.errors - old.errors,
            new.saved_s - old.saved_s, new.waited_s - old.waited_s, *tokens,
        )  # fmt: skip

    def put_back(self, activity: Activity) -> None:
        """Take `activity` as not written after all."""
        with self._lock:
            changes = zip(self._written[:5], activity[2:7], strict=True)
            hits, misses, errors, saved_s, waited_s = (written - change for written, change in changes)
            self._written = CacheInfo(int(hits), int(misses), int(errors), saved_s, waited_s)
            self._tokens[0] += activity.tokens_spent
            self._tokens[1] += activity.tokens_saved
            self._since_s = activity.minute.timestamp()
