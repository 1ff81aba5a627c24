"""The newest tasks of a SQLite file, whose only index by time is one for each function.

SQLite merges the functions' own orders and stops when the page is full, so no row is read that isn't shown. An index
over the times of all would take 40 bytes of each row and make a put a quarter slower.
"""

from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal, literal_column, select, tuple_

from beautyspot.catalog.pages import check_limit, cursor, read_cursor
from beautyspot.catalog.source import Source

NUMBER: ColumnElement[int] = literal_column("tasks.rowid", BigInteger).label("number")
"""Tells rows of one time apart, in the order in which they were kept."""
MERGED = 100
"""Functions in one statement; SQLite takes 500."""
WINDOW = 1_000
"""Rows that a search looks at in one statement."""
SEARCHED = 100_000
"""Rows that a search looks at for one page: 0.5 s."""


class Place(NamedTuple):
    """Where a row stands among all."""

    time: str
    """As the file has it."""
    number: int


def functions_of(source: Source, /) -> list[str]:
    """Return the names of all functions of which something is kept, by steps from one to the next in the index."""
    name = source.column("tasks", "func_name")
    if not source.indexed:
        return [row[0] for row in source.rows(select(name).distinct())]
    names = select(func.min(name).label("name")).cte("names", recursive=True)
    following = select(func.min(name)).where(name > names.c.name).scalar_subquery()
    names = names.union_all(select(following).where(names.c.name.is_not(None)))
    return [row[0] for row in source.rows(select(names.c.name).where(names.c.name.is_not(None)))]


class Newest:
    """The rows of some functions, newest or oldest first."""

    def __init__(
        self,
        source: Source,
        names: Sequence[str],
        conditions: Iterable[ColumnElement[bool]],
        search: Any = None,
        /,
        *,
        looks: int = SEARCHED,
        upwards: bool = False,
    ) -> None:
        """Ask for the rows of `names` that meet all `conditions`, and `search` if it isn't None.

        Args:
            source: A file.
            names: Of functions.
            conditions: Checked by the database on its way through all rows.
            search: Checked in windows, so that a page ends after a while.
            looks: Rows that a search looks at for one page.
            upwards: The oldest first.
        """
        self._source = source
        self._names = names
        self._conditions = list(conditions)
        self._search = search
        self._looks = looks
        self._upwards = upwards

    def page(self, limit: int, after: str | None, /) -> tuple[list[int], str | None, int | None]:
        """Return the numbers of a page's rows, the cursor of the next page, and how many rows a search looked at.

        Raises:
            ConfigurationError: the limit or the cursor is wrong.
        """
        check_limit(limit)
        before = None if after is None else _place(after)
        if self._search is None:
            found = self.places(before, limit + 1)
            last, looked = found[limit - 1] if len(found) > limit else None, None
        else:
            found, last, looked = self._found(before, limit)
        return [place.number for place in found[:limit]], None if last is None else cursor(*last), looked

    def places(self, before: Place | None, limit: int, /) -> list[Place]:
        """Return up to `limit` rows behind `before`."""
        groups = [self._names[start : start + MERGED] for start in range(0, len(self._names), MERGED)]
        found = [self._source.raw(*self.statement(names, before, limit)) for names in groups]
        return list(islice(merge(*(map(Place._make, rows) for rows in found), reverse=not self._upwards), limit))

    def statement(self, names: Sequence[str], before: Place | None, limit: int, /) -> tuple[str, list[Any]]:
        """Return what asks SQLite for the first rows of `names`, and what its question marks stand for."""
        time, name = self._source.column("tasks", "updated_at"), self._source.column("tasks", "func_name")
        one = select(time, NUMBER).where(name == bindparam("name"), *self._conditions)
        if before is not None:
            here, last = tuple_(time, NUMBER), tuple_(*map(literal, before))
            one = one.where(here > last if self._upwards else here < last)
        # One function's question is compiled for all: SQLAlchemy takes 0.2 ms for each.
        compiled = one.compile(dialect=self._source.engine.dialect)
        text = " UNION ALL ".join([str(compiled)] * len(names))
        values = [
            compiled.construct_params({"name": each})[key] for each in names for key in compiled.positiontup or ()
        ]
        order = "updated_at, number" if self._upwards else "updated_at DESC, number DESC"
        return f"{text} ORDER BY {order} LIMIT ?", [*values, limit]

    def _found(self, before: Place | None, limit: int) -> tuple[list[Place], Place | None, int]:
        """Return what a search finds, the last row it looked at if it ended before the last of all, and how many."""
        found: list[tuple[int, Place]] = []
        looked = 0
        for _ in range(max(1, self._looks // WINDOW)):
            window = self.places(before, WINDOW)
            numbers = [place.number for place in window]
            tasks = self._source.table("tasks")  # a search may name tags alone
            rows = self._source.rows(select(NUMBER).select_from(tasks).where(NUMBER.in_(numbers), self._search))
            matching = {row[0] for row in rows}
            found += [(looked + at, place) for at, place in enumerate(window, 1) if place.number in matching]
            looked += len(window)
            if len(found) > limit:
                looked, before = found[limit - 1]
                break
            before = window[-1] if len(window) == WINDOW else None
            if before is None:
                break
        return [place for _, place in found], before, looked


def _place(after: str) -> Place:
    time, number = read_cursor(after)
    return Place(time, int(number))
