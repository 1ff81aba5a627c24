"""Reads of a malformed SQLite file what SQLite still can, around the pages that it can't."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from beautyspot.db.rows import task_of
from beautyspot.records import Task

LONGEST_GAP = 1_000_000
"""Most row numbers that are tried one by one between what can be read from the start and from the end."""

Row = dict[str, Any]


def tasks_in(connection: sqlite3.Connection, /) -> Iterator[Task]:
    """Yield every task that can still be read, with its value and tags."""
    tags: dict[str, list[str]] = {}
    for row in rows_in(connection, "tags", by_number=False):
        tags.setdefault(str(row["cache_key"]), []).append(str(row["tag"]))
    fields = [field for field in Task._fields if field != "tags"]
    for row in rows_in(connection, "tasks"):
        key = row.get("cache_key")
        if isinstance(key, str) and isinstance(row.get("func_name"), str):
            yield task_of(tuple(row.get(field) for field in fields), tuple(sorted(tags.get(key, ()))))


def rows_in(connection: sqlite3.Connection, table: str, /, *, by_number: bool = True) -> Iterator[Row]:
    """Yield the rows of `table` that can still be read: from the start, from the end, and one by one in between.

    Args:
        connection: To the malformed file.
        table: One of ours.
        by_number: Whether its rows have numbers; without them nothing is read after the first bad page.
    """
    names = _columns(connection, table)
    if not names:
        return
    columns = ", ".join(names)
    if not by_number:
        yield from (dict(zip(names, row, strict=True)) for row in _until_error(connection, columns, table, ""))
        return
    first, last = -(2**63), 2**63 - 1
    for number, *row in _until_error(connection, f"rowid, {columns}", table, "NOT INDEXED ORDER BY rowid"):
        first = number
        yield dict(zip(names, row, strict=True))
    behind = f"NOT INDEXED WHERE rowid > {first} ORDER BY rowid DESC"
    for number, *row in _until_error(connection, f"rowid, {columns}", table, behind):
        last = number
        yield dict(zip(names, row, strict=True))
    for number in range(max(first + 1, last - LONGEST_GAP), last) if last < 2**63 - 1 else ():
        for row in _until_error(connection, columns, table, f"NOT INDEXED WHERE rowid = {number}"):
            yield dict(zip(names, row, strict=True))


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    except sqlite3.Error:
        return []


def _until_error(connection: sqlite3.Connection, columns: str, table: str, rest: str) -> Iterator[tuple[Any, ...]]:
    read: Callable[[], tuple[Any, ...] | None]
    try:
        read = connection.execute(f"SELECT {columns} FROM {table} {rest}").fetchone  # noqa: S608 - names of ours
        while (row := read()) is not None:
            yield row
    except (sqlite3.Error, OverflowError, UnicodeError):
        return
