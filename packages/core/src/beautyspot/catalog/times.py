"""Times as the databases hold them, and back to aware UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, literal

from beautyspot.catalog.source import Source

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stored(source: Source, time: datetime, /) -> ColumnElement[Any]:
    """Return an aware `time` to compare a column with."""
    plain = time.astimezone(UTC).replace(tzinfo=None)
    return literal(plain.isoformat(" ", "microseconds"), Text) if source.path else literal(plain)


def time_of(value: Any, /) -> datetime:
    """Return the time that a row holds; what can't be read is long ago."""
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return EPOCH
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
