"""What a recorder's runs come to."""

from __future__ import annotations

import threading
from typing import NamedTuple

from beautyspot.records import Run


class Totals(NamedTuple):
    """Sums since the recorder began, of this process."""

    runs: int
    """Of models, tools, retrievers and chains."""
    calls: int
    """Of models, hits included."""
    hits: int
    errors: int
    """Calls of models that failed."""
    spent_tokens: int
    saved_tokens: int
    """What the hits would have taken."""
    cost: float
    """Of those language models that the price table knows; embeddings tell no tokens, and are in no sum of them."""
    saved_cost: float
    waited_s: float
    """Seconds spent waiting for a limiter."""
    dropped: int
    """Runs that are in no row: given up, or refused when last written, which is tried again."""
    failures: int
    """Events that the recorder could not read, and details that could not be kept."""


class Sums:
    """Adds up, from any thread."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.RLock()  # a run may end within a collection of garbage, in any of these lines
        self._runs = self._calls = self._hits = self._errors = self._spent = self._saved = self._failures = 0
        self._cost = self._saved_cost = self._waited_s = 0.0

    def add(self, row: Run, tokens: int, saved_cost: float, /) -> None:
        """Add a run, and what it took or, as a hit, saved."""
        with self._lock:
            self._runs += 1
            self._waited_s += row.waited_s
            if row.kind != "llm" or row.nested:
                return
            self._calls += 1
            self._errors += row.status == "error"
            if row.cache_hit:
                self._hits += 1
                self._saved += tokens
                self._saved_cost += saved_cost
            else:
                self._spent += tokens
                self._cost += row.cost or 0.0

    def fail(self) -> None:
        """Count a failure of the recorder's own."""
        with self._lock:
            self._failures += 1

    def totals(self, *, dropped: int) -> Totals:
        """Return the sums so far."""
        with self._lock:
            return Totals(
                self._runs, self._calls, self._hits, self._errors, self._spent, self._saved, self._cost,
                self._saved_cost, self._waited_s, dropped, self._failures,
            )  # fmt: skip

    def after_fork_in_child(self) -> None:
        """Start with a free lock: a thread of the parent may have held it."""
        self._lock = threading.RLock()  # a run may end within a collection of garbage, in any of these lines
