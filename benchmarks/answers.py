"""What a question comes back with: the figures of each contender, and the targets they are held to."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Target(NamedTuple):
    """One number that we promise."""

    measured: float
    limit: float
    of: str
    """What the number is a multiple of, or its unit."""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the promise holds in this run."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


class Answer(NamedTuple):
    """One row of the table."""

    question: str
    unit: str
    figures: Mapping[str, float]
    """Of each contender, for orientation: a machine's load moves them all together."""
    targets: tuple[Target, ...]
    notes: str = ""


class Scale(NamedTuple):
    """How long to look."""

    rows: int = 10_000
    rounds: int = 60
    """Batches of each contender."""
    batch_s: float = 0.01
    burst_rounds: int = 7
    burst_s: float = 1.0
    """Length of a round in which several threads or processes work at once."""
    slow_rounds: int = 15
    """Rounds of what takes a tenth of a second or more."""
    blob_mb: int = 100
    many_rows: tuple[int, ...] = (100_000, 1_000_000)


QUICK = Scale(rows=1_000, rounds=20, batch_s=0.005, burst_rounds=3, burst_s=0.4, slow_rounds=5, many_rows=(20_000,))

Question = Callable[[Scale, str], list[Answer]]
"""Takes the scale and an empty folder."""


def ratio(figures: Mapping[str, float], other: str, limit: float, *, us: str = "beautyspot") -> Target:
    """Return the target "at most `limit` times `other`"."""
    return Target(figures[us] / figures[other], limit, f"× {other}")
