"""Ended runs become rows, many at a time: one by one, between calls, each would take three times as long."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from beautyspot.recording.totals import Sums, Totals
from beautyspot.records import Run

if TYPE_CHECKING:
    from beautyspot.journal import Journal

MAX_UNREAD = 64
"""Ended runs that wait to become rows; a killed process loses at most these and what the journal holds."""
MAX_UNREAD_ASIDE = 1024
"""As many, where a thread of its own makes the rows."""
MAX_BEHIND = 8192
"""As many that the thread may be behind: from then on, whoever makes more runs makes rows as well."""
KEPT_ROWS = 1000
"""Rows that are at hand; every row is in the database."""
E = TypeVar("E")


class Entered(NamedTuple):
    """What the ledger enters of a run that ended."""

    row: Run
    tokens: int
    """That it took or, as a hit, saved; 0 where nobody knows."""
    cost: float
    """Of these tokens; 0 where no price is known."""


class Ledger(Generic[E]):
    """Takes ended runs from any thread, and gives their rows to the journal."""

    def __init__(self, journal: Journal, sums: Sums, enter: Callable[[E], Entered], *, aside: bool = False) -> None:
        """Make rows with `enter`, whose failures are counted, and add everything up in `sums`.

        Args:
            aside: Make and write rows in a thread, which begins when enough wait and ends when none does.
        """
        self._journal = journal
        self._sums = sums
        self._enter = enter
        self._unread: deque[E] = deque()
        self._rows: deque[Run] = deque(maxlen=KEPT_ROWS)
        # Reentrant: a garbage collection under the lock may close a stream, which ends a run.
        self._lock = threading.RLock()
        self._aside = aside
        self._most = MAX_UNREAD_ASIDE if aside else MAX_UNREAD
        self._thread: threading.Thread | None = None
        journal.add_source(self)

    def add(self, ended: E, elapsed_s: float, /) -> None:
        """Take a run that ended; one that took long is soon in the database, however quiet it stays."""
        self._unread.append(ended)
        if len(self._unread) >= self._most or self._journal.is_due():
            self._make_room()
        self._journal.tick_soon(elapsed_s)

    def add_runs(self) -> None:
        """Make rows of what is there, and give them to the journal."""
        with self._lock:
            while self._unread:
                self._make_row(self._unread.popleft())

    def rows(self) -> list[Run]:
        """Return the last rows."""
        with self._lock:
            self.add_runs()
            return list(self._rows)

    def totals(self) -> Totals:
        """Return what all runs came to."""
        self.add_runs()
        return self._sums.totals(dropped=self._journal.lost_runs)

    def flush(self, *, joins: bool = False) -> bool:
        """Write what is pending, and say whether that worked; `joins` as for the journal."""
        return self._journal.flush(joins=joins)

    def after_fork_in_child(self) -> None:
        """Leave what is unread to the parent, and its lock, which a thread of it may have held."""
        self._lock = threading.RLock()
        self._thread = None
        self._unread.clear()

    def _make_room(self) -> None:
        if not self._aside or len(self._unread) >= MAX_BEHIND:
            self.add_runs()
        elif self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self.add_runs, name="beautyspot-ledger")
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter is ending
                self.add_runs()

    def _make_row(self, ended: E) -> None:
        try:
            entered = self._enter(ended)
        except Exception:  # noqa: BLE001 - what users and providers give may be anything
            self._sums.fail()
            return
        self._rows.append(entered.row)
        self._sums.add(entered.row, entered.tokens, entered.cost)
        self._journal.add_run(entered.row)
