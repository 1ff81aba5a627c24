"""What a cache did since it was made."""

from threading import get_ident
from typing import NamedTuple


class CacheStats(NamedTuple):
    """What one cache did in this process."""

    hits: int
    misses: int
    saved_tokens: int
    """That the hits would have taken, as far as the provider said."""
    spent_tokens: int
    """That the answers took which were given to the cache."""
    saved_s: float
    """Seconds that the hits would have taken."""
    errors: int
    """Troubles of the cache that nobody but a warning told of."""


class Counts:
    """Numbers that any thread adds to without a lock, which a fork could leave taken: each has a row of its own."""

    def __init__(self) -> None:
        """Start at zero."""
        self._rows: dict[int, list[float]] = {}

    def hit(self, tokens: int, elapsed_s: float, /) -> None:
        """Count a hit and what it saved."""
        row = self._row()
        row[0] += 1
        row[2] += tokens
        row[4] += elapsed_s

    def miss(self) -> None:
        """Count a lookup that found nothing."""
        self._row()[1] += 1

    def spent(self, tokens: int, /) -> None:
        """Count what a call took."""
        self._row()[3] += tokens

    def error(self) -> None:
        """Count a trouble."""
        self._row()[5] += 1

    def stats(self) -> CacheStats:
        """Return the sums."""
        hits, misses, saved, spent, saved_s, errors = (
            sum(column) for column in zip([0.0] * 6, *list(self._rows.values()), strict=True)
        )
        return CacheStats(int(hits), int(misses), int(saved), int(spent), saved_s, int(errors))

    def _row(self) -> list[float]:
        row = self._rows.get(get_ident())
        return self._rows.setdefault(get_ident(), [0.0] * 6) if row is None else row
