"""What the pages of a damaged file hold that look like results and their tags."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from beautyspot.db.files import schema_statements
from beautyspot.db.pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF, Pages

FEWEST = 9
"""Columns of `tasks` that every release wrote; a row that is older than a column lacks those from there on."""
KEY = re.compile(r"[0-9a-f]{32}(?:[0-9a-f]{32})?")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


class Scan:
    """Goes through all the pages of the file at `place` that are in use."""

    def __init__(self, place: str, columns: Sequence[str]) -> None:
        """Open the file, whose `tasks` has these columns."""
        self._pages = Pages(place)
        self._columns = columns
        self._free, self.knows_free = self._pages.free()
        """Whether the file tells which pages it gave up; on others lie results that were deleted or replaced."""

    def close(self) -> None:
        """Close the file."""
        self._pages.close()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield what may be a row of `tasks`."""
        for values in self._records(TABLE_LEAF):
            if FEWEST <= len(values) <= len(self._columns):
                yield dict(zip(self._columns, values, strict=False))

    def tags(self) -> Iterator[tuple[str, str]]:
        """Yield what may be a tag and the key that it belongs to, out of the table or its index."""
        for values in self._records(INDEX_LEAF, INDEX_INTERIOR):
            match values:
                case [str(tag), str(key)] if KEY.fullmatch(key):
                    yield tag, key
                case [str(key), str(tag)] if KEY.fullmatch(key) and not TIME.fullmatch(tag):  # which is a last use
                    yield tag, key
                case _:
                    continue

    def _records(self, *kinds: int) -> Iterator[list[Any]]:
        for number in range(2, self._pages.count + 1):
            if number not in self._free:
                for kind in kinds:
                    yield from self._pages.records(number, kind)


def columns_of_tasks() -> list[str]:
    """Return the columns of `tasks` in the order of a file that this release made or upgraded."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in schema_statements():
            connection.execute(statement)
        return [row[1] for row in connection.execute("PRAGMA table_info(tasks)")]
