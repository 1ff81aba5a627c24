"""Pages by keyset: a page starts after the last row of the one before, however many rows lie before it.

OFFSET would read and drop them all: 6 s for the middle of a million rows, where this takes a millisecond.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, literal, tuple_

from beautyspot.catalog.source import Source
from beautyspot.errors import ConfigurationError

if TYPE_CHECKING:
    from beautyspot.catalog.source import AnyRow, AnySelect

SEPARATOR = "|"
MAX_ROWS = 10_000


def page_of(
    source: Source,
    statement: "AnySelect",
    order: tuple[ColumnElement[Any], ColumnElement[Any]],
    limit: int,
    after: str | None,
    /,
) -> "tuple[Sequence[AnyRow], str | None]":
    """Return up to `limit` rows of `statement`, newest first, and the cursor of the next page.

    Args:
        source: Where to ask.
        statement: Selects both columns of `order` under their own names.
        order: A time, and what tells rows of one time apart.
        limit: 1 to `MAX_ROWS`.
        after: A cursor; None for the first page.

    Raises:
        ConfigurationError: the limit or the cursor is wrong.
    """
    check_limit(limit)
    time, key = order
    if after is not None:
        last_time, last_key = read_cursor(after)
        # A SQLite file compares the very text that it holds; see `Source.column`.
        bound = literal(last_time if source.path else datetime.fromisoformat(last_time), time.type)
        statement = statement.where(tuple_(time, key) < tuple_(bound, literal(last_key)))
    rows = source.rows(statement.order_by(time.desc(), key.desc()).limit(limit + 1))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], cursor(getattr(last, time.name), getattr(last, key.name))


def check_limit(limit: int, /) -> None:
    """Refuse a page of no rows or too many.

    Raises:
        ConfigurationError: it is one.
    """
    if not 1 <= limit <= MAX_ROWS:
        raise ConfigurationError(f"not a limit: {limit!r}; expected 1 to {MAX_ROWS}; ask for more pages")


def cursor(time: object, key: object, /) -> str:
    """Return what leads to the rows after the one of this time and key."""
    return urlsafe_b64encode(f"{time}{SEPARATOR}{key}".encode()).decode().rstrip("=")


def read_cursor(text: str, /) -> tuple[str, str]:
    """Return the time and the key that `cursor` was given.

    Raises:
        ConfigurationError: `text` is none of its answers.
    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
        time, separator, key = raw.partition(SEPARATOR)
        datetime.fromisoformat(time)
    except (ValueError, binascii.Error):
        separator = time = key = ""
    if not separator:
        raise ConfigurationError(f"not a cursor: {text!r}; give what the page before called `next`, or nothing")
    return time, key
