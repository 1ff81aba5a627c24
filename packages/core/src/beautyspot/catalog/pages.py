"""Pages by keyset: a page starts after the last row of the one before, however many rows lie before it.

OFFSET would read and drop them all: 6 s for the middle of a million rows, where this takes a millisecond.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Float, literal, tuple_

from beautyspot.catalog.source import Source
from beautyspot.checks import shown
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
    *,
    upwards: bool = False,
) -> "tuple[Sequence[AnyRow], str | None]":
    """Return up to `limit` rows of `statement`, the newest or largest first, and the cursor of the next page.

    Args:
        source: Where to ask.
        statement: Selects both columns of `order` under their own names.
        order: A time or a number, and what tells rows of one apart.
        limit: 1 to `MAX_ROWS`.
        after: A cursor; None for the first page.
        upwards: The oldest or smallest first.

    Raises:
        ConfigurationError: the limit or the cursor is wrong.
    """
    check_limit(limit)
    first, key = order
    if after is not None:
        last = tuple_(*_bounds(source, first, after))
        statement = statement.where(tuple_(first, key) > last if upwards else tuple_(first, key) < last)
    rows = source.rows(statement.order_by(*(order if upwards else (first.desc(), key.desc()))).limit(limit + 1))
    if len(rows) <= limit:
        return rows, None
    row = rows[limit - 1]
    return rows[:limit], cursor(getattr(row, first.name), getattr(row, key.name))


def _bounds(source: Source, first: ColumnElement[Any], after: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if isinstance(first.type, Float):
        number, key = read_cursor(after, float)
        return literal(float(number)), literal(key)
    time, key = read_cursor(after)
    # A SQLite file compares the very text that it holds; see `Source.column`.
    return literal(time if source.path else datetime.fromisoformat(time), first.type), literal(key)


def check_limit(limit: int, /) -> None:
    """Refuse a page of no rows or too many.

    Raises:
        ConfigurationError: it is one.
    """
    if type(limit) is not int or not 1 <= limit <= MAX_ROWS:
        raise ConfigurationError(f"not a limit: {shown(limit)}; expected 1 to {MAX_ROWS}; ask for more pages")


def cursor(first: object, key: object, /) -> str:
    """Return what leads to the rows after the one of this time or number, and this key."""
    return urlsafe_b64encode(f"{first}{SEPARATOR}{key}".encode()).decode().rstrip("=")


def read_cursor(text: str, read: Callable[[str], object] = datetime.fromisoformat, /) -> tuple[str, str]:
    """Return what `cursor` was given.

    Raises:
        ConfigurationError: `text` is none of its answers, or its first part none that `read` takes.
    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
        first, separator, key = raw.partition(SEPARATOR)
        read(first)
    except (AttributeError, ValueError, binascii.Error):  # the first for what is no text
        separator = first = key = ""
    if not separator:
        raise ConfigurationError(f"not a cursor: {text!r}; give what the page before called `next`, or nothing")
    return first, key
