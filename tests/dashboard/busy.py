"""Limits that are in use."""

from datetime import UTC, datetime
from typing import Any

from beautyspot.records import LimitRate


def add_limit(db: Any, name: str, rate: LimitRate, *, owed: float) -> None:
    """Leave a limit as calls do that reserved so many cells just now."""
    db.note_limit_rate(name, rate)
    db.advance_limit(name, datetime.now(UTC).timestamp(), owed * 60 / rate.tokens_per_minute)
