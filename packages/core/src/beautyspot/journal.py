"""What happened: counts per function and minute, and observed runs, appended to the database in batches."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from weakref import WeakSet

from beautyspot.powers import keeps_journal, wake
from beautyspot.reads import Reads
from beautyspot.tallies import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from beautyspot.clocks import Clock
    from beautyspot.protocols import TaskDB
    from beautyspot.records import Run

    class RunSource(Protocol):
        """Holds runs back, as working them out is cheaper many at a time."""

        def add_runs(self) -> None:
            """Add them with `Journal.add_run`; raises nothing."""
            ...


FLUSH_EVERY_S = 5.0
"""A killed process loses at most this much of its counts of hits and quick calls; results are never among them."""
SOON_S = 0.25
"""How long what took long may wait for more of its kind; a text model of LangChain's tells its cache after its end."""
SLOW_S = 0.05
"""A call that took longer is counted in the database at once, for a thousandth of its time."""
RETRY_S = 60.0
"""How long nothing is tried after a failure: a locked database costs its whole timeout to find out."""
MAX_BATCH_RUNS = 256
"""As many are written at once, however soon they came: 30 µs each, so nobody waits longer than 10 ms."""
MAX_PENDING_RUNS = 10_000
"""Runs held in memory while the database can't be written; the oldest go first."""


class Journal:
    """Counts in memory and writes on a miss, every few seconds or when the call was slow; never on a hit."""

    def __init__(self, db: TaskDB, clock: Clock, *, rests: Callable[[], bool] = bool) -> None:
        """Write to `db`. For a database that keeps no journal, only count.

        Args:
            rests: Whether results leave the database alone, so that who met a lock waits for it once.
        """
        self._rests = rests
        self._reads = Reads(db, clock)
        self._db = db if keeps_journal(db) else None
        self._clock = clock
        self._tallies: dict[str, Tally] = {}
        self._runs: deque[Run] = deque(maxlen=MAX_PENDING_RUNS)
        self._sources: WeakSet[RunSource] = WeakSet()
        self.dropped_runs = 0
        """Runs that were given up, as the database could not be written for too long."""
        self._next_s = clock.monotonic() + FLUSH_EVERY_S
        self.refusal = ""
        """What the database said when it last refused counts or runs."""
        self._in_trouble = False
        """Whether the last flush failed."""
        self._hurried = False
        """Whether a whole batch called for a flush, which has not worked yet."""
        self._is_called = False
        """Whether a thread is to write what is pending, and has not begun."""
        self._lock, self._writing = threading.RLock(), threading.RLock()

    @property
    def lost_runs(self) -> int:
        """Runs that are in no row: those given up, and those refused last, unless the database takes them yet."""
        return self.dropped_runs + (len(self._runs) if self._in_trouble else 0)

    @property
    def unwritten_runs(self) -> int:
        """Runs that are in no row by now: those given up, and those that wait."""
        return self.dropped_runs + len(self._runs)

    def tally(self, func_name: str, /) -> Tally:
        """Return the counts of the function, one object for each name."""
        with self._lock:
            tally = self._tallies.get(func_name)
            if tally is None:
                tally = self._tallies[func_name] = Tally(func_name, self._clock, self._reads)
            return tally

    def add_run(self, run: Run, /) -> None:
        """Remember an observed run and have a thread write it with the next batch: no call waits for the database."""
        if len(self._runs) == MAX_PENDING_RUNS and (self._in_trouble or not self._flush_if_free()):
            self.dropped_runs += 1
        self._runs.append(run)
        if len(self._runs) >= MAX_BATCH_RUNS and not self._hurried:
            self._hurried, self._next_s = True, self._clock.monotonic()
        if self.is_due():
            self._flush_in_thread()

    def add_source(self, source: RunSource, /) -> None:
        """Have `source` add what it has held back, before each batch is written and as long as anybody holds it."""
        self._sources.add(source)

    def is_due(self) -> bool:
        """Say whether it is time to write what is pending."""
        return self._clock.monotonic() >= self._next_s

    def tick(self, elapsed_s: float = 0.0, /) -> None:
        """Write what is pending if it is time, but of what was read one batch only: somebody waits for a result.

        After a call that took `SLOW_S` it is, but for a database that is in trouble.
        """
        if (self.is_due() or (elapsed_s >= SLOW_S and not self._in_trouble)) and not self._rests():
            self._flush_if_free()

    def tick_soon(self, elapsed_s: float, /) -> None:
        """Do as `tick` in a thread, after a run that took `SLOW_S`: nobody waits, and whoever looks next sees it."""
        if elapsed_s < SLOW_S or self._is_called or self._in_trouble or self._rests():
            return
        self._is_called, timer = True, threading.Timer(SOON_S, self._flush_when_free)
        timer.name, timer.daemon = "beautyspot-journal", True  # an exit waits for none, and flushes everything
        try:
            timer.start()
        except RuntimeError:  # no thread is to be had
            self._is_called = False

    def flush(self, *, joins: bool = False) -> bool:
        """Write what is pending and say whether that worked; what could not be written stays pending.

        Args:
            joins: Take it for refused where a thread was writing and was refused, as that has waited already.
        """
        if not self._rests():
            wake(self._db)
        if self._writing.acquire(blocking=False):
            joins = False
        else:
            self._writing.acquire()
        try:
            return not (joins and self._in_trouble) and self._flush(self._reads.write_all)
        finally:
            self._writing.release()

    def _flush_if_free(self) -> bool:
        """Write what is pending, unless a thread does, and say whether that worked."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            return self._flush(self._reads.write)
        finally:
            self._writing.release()

    def _flush_when_free(self) -> None:
        with self._writing:
            self._is_called = False  # what comes from here on may be too late for this thread
            if not self._in_trouble:
                self._flush(self._reads.write)

    def _flush_in_thread(self) -> None:
        self._next_s = self._clock.monotonic() + FLUSH_EVERY_S  # here, or the next run would start another thread
        with suppress(RuntimeError):  # the interpreter is ending, and flushes everything then
            threading.Thread(target=self._flush_if_free, name="beautyspot-journal").start()

    def _flush(self, write_reads: Callable[[], bool]) -> bool:
        self._next_s = self._clock.monotonic() + FLUSH_EVERY_S
        for source in list(self._sources):
            source.add_runs()
        written = self._flush_activity() and self._flush_runs() and write_reads()
        self._in_trouble, self._hurried = not written, self._hurried and not written
        if not written:
            self._next_s = self._clock.monotonic() + RETRY_S
        return written

    def forget_pending(self) -> None:
        """Drop what is pending: in the child of a fork it belongs to the parent."""
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self._is_called = False  # the thread is the parent's
        self._runs.clear()
        for tally in self._tallies.values():
            tally._lock = threading.RLock()  # pyright: ignore[reportPrivateUsage] - the parent's thread may have held it
            tally.take()
        self._reads.forget()

    def _flush_activity(self) -> bool:
        with self._lock:
            taken = [(tally, activity) for tally in self._tallies.values() if (activity := tally.take())]
        if not taken or self._db is None:
            return True
        try:
            self._db.add_activity([activity for _, activity in taken])
        except Exception as error:  # noqa: BLE001 - the database may be anybody's, and its trouble is not the caller's
            self.refusal = f"{type(error).__name__}: {error}"
            for tally, activity in taken:
                tally.put_back(activity)
            return False
        return True

    def _flush_runs(self) -> bool:
        runs = [self._runs.popleft() for _ in range(len(self._runs))]
        if not runs or self._db is None:
            return True
        try:
            self._db.add_runs(runs)
            runs = []
        except Exception as error:  # noqa: BLE001 - the database may be anybody's, and its trouble is not the caller's
            self.refusal = f"{type(error).__name__}: {error}"
        finally:  # after an interrupt, too
            self._put_back(runs)
        return not runs

    def _put_back(self, runs: list[Run]) -> None:
        """Take runs as not written after all, but the oldest if too many came meanwhile."""
        room = MAX_PENDING_RUNS - len(self._runs)
        self.dropped_runs += max(0, len(runs) - room)
        self._runs.extendleft(reversed(runs[max(0, len(runs) - room) :]))
