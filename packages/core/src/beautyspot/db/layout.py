"""The tables of a SQLite file, and those that this release's have beside them."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from beautyspot.db.files import schema_statements

_COLUMNS = "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'"


def missing(ask: Callable[[str], Iterable[Any]], /) -> list[str]:
    """Return the tables, as `tags`, and the columns, as `tasks.version`, that the file lacks.

    Args:
        ask: Returns the rows of a statement.
    """
    with closing(sqlite3.connect(":memory:")) as fresh:
        for statement in schema_statements():
            fresh.execute(statement)
        ours = _columns(fresh.execute)
    there = _columns(ask)
    tables = ours.keys() - there.keys()
    columns = {f"{table}.{name}" for table in ours.keys() - tables for name in ours[table] - there[table]}
    return sorted(tables | columns)


def _columns(ask: Callable[[str], Iterable[Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in ask(_COLUMNS):
        found.setdefault(table, set()).add(column)
    return found
