"""What the catalog answers, beside the `Task`, `Activity` and `Run` of the protocols."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from beautyspot.limiters.rate import Rate

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of an answer, newest first."""

    rows: tuple[T, ...]
    next: str | None
    """Give it as `after` for the rows that follow; None at the end. It stays good when rows are added or deleted."""
    looked: int | None = None
    """Rows that were looked at up to there, where a page ends after a while though it is not full; None elsewhere."""


@dataclass(frozen=True, slots=True)
class FunctionSummary:
    """What is kept of one function, and what its calls did."""

    func_name: str
    results: int
    size_bytes: int
    """Of the serialized values, as far as the rows tell."""
    elapsed_s: float
    """Seconds that computing the kept results took."""
    updated_at: datetime | None
    """When its newest result was kept; aware, UTC. None if nothing is kept."""
    hits: int
    misses: int
    errors: int
    saved_s: float
    waited_s: float
    tokens_spent: int
    tokens_saved: int


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What the observed calls of one model came to; nested calls, counted in another row, are left out."""

    model: str
    runs: int
    errors: int
    cache_hits: int
    input_tokens: int
    """Those of hits are in `saved_tokens` instead."""
    output_tokens: int
    cost: float
    """In the currency of the price table that gave it."""
    elapsed_s: float
    saved_tokens: int
    """Input and output of the answers that were read from a cache."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is kept, in bytes of serialized values."""

    tasks: int
    expired: int
    """Of the tasks; their rows are still there, but no call reads them."""
    inline_bytes: int
    blobs: int
    blob_bytes: int
    database_bytes: int | None
    """The SQLite file and its WAL on disk; None for a server."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What the observed calls of one model came to in one step of time; nested calls are left out."""

    model: str
    start: datetime
    """The step's first instant, aware, UTC."""
    runs: int
    errors: int
    cache_hits: int
    input_tokens: int
    """Spent; those of hits are in `saved_input_tokens`, as for output."""
    output_tokens: int
    cost: float
    """In the currency of the price table that gave it."""
    saved_input_tokens: int
    saved_output_tokens: int


@dataclass(frozen=True, slots=True)
class Limit:
    """One limiter that processes share."""

    name: str
    free_at: datetime
    """When all that was reserved is paid; in the past for an idle one. Aware, UTC."""
    tokens_per_minute: float | None
    """Cells a minute that it grants; None if nobody noted it, as before release 3.0 did."""
    burst: float | None
    """Cells that an idle time saves up at most; None as above."""

    def owed(self, now: datetime, /) -> float | None:
        """Return the cells reserved but not paid at `now`; above `burst` calls wait. None where no rate is known."""
        return None if self.tokens_per_minute is None else self._busy_s(now) * self.tokens_per_minute / 60

    def waiting_s(self, now: datetime, /) -> float | None:
        """Return the seconds that a call of cost 1 would wait if it came at `now`; None where no rate is known."""
        if self.tokens_per_minute is None or self.burst is None:
            return None
        return max(0.0, Rate(self.tokens_per_minute, self.burst).start_s(self._busy_s(now), 1))

    def _busy_s(self, now: datetime) -> float:
        return max(0.0, (self.free_at - now).total_seconds())
