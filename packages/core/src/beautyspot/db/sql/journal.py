"""A journal read back from a server, a page at a time."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, select, tuple_

from beautyspot.db.sql.rows import aware
from beautyspot.db.sql.statements import ACTIVITY, RUNS
from beautyspot.records import Activity, Run

PAGE = 500
Read = Callable[[Callable[[Connection], Any]], Any]


def read_activity(read: Read, /) -> Iterator[Activity]:
    """Yield every row of activity."""
    order = (ACTIVITY.c.func_name, ACTIVITY.c.minute)
    columns = [ACTIVITY.c[name] for name in Activity._fields]
    for row in _pages(read, select(*columns).order_by(*order).limit(PAGE), order):
        yield Activity(row[0], aware(row[1]), *row[2:])


def read_runs(read: Read, /) -> Iterator[Run]:
    """Yield every run."""
    order = (RUNS.c.run_id,)
    for row in _pages(read, select(*(RUNS.c[name] for name in Run._fields)).order_by(*order).limit(PAGE), order):
        run = Run(*row)
        yield run._replace(started_at=aware(run.started_at), tags=tuple(run.tags))


def _pages(read: Read, statement: Any, order: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the rows of every page; the columns of `order` come first in each row."""
    page = statement
    while rows := read(lambda sql, page=page: sql.execute(page).all()):
        yield from rows
        page = statement.where(tuple_(*order) > tuple(rows[-1][: len(order)]))
