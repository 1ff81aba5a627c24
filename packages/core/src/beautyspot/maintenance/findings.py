"""What an examination says."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    check: str
    """A word for what was looked at."""
    what: str
    """What was found."""
    next_step: str | None = None
    """What to do about it; None if nothing must be done."""
