"""A journal on a server: its counts added once, and read back a page at a time."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, select, text, tuple_

from beautyspot.db.sql.connections import Connections
from beautyspot.db.sql.rows import aware
from beautyspot.db.sql.statements import ACTIVITY, RUNS
from beautyspot.errors import StorageError
from beautyspot.records import Activity, Run

PAGE = 500
Read = Callable[[Callable[[Connection], Any]], Any]


def add_activity(connections: Connections, statement: Any, values: list[dict[str, Any]], /) -> None:
    """Add the counts in one transaction; where the answer to its COMMIT is lost, PostgreSQL is asked what became of it.

    Raises:
        StorageError: they were not added, as far as the server tells.
    """
    transactions: list[int] = []

    def add(sql: Connection) -> None:
        if sql.dialect.name == "postgresql":
            transactions.append(sql.exec_driver_sql("SELECT txid_current()").scalar_one())
        sql.execute(statement, values)

    try:
        connections.atomically(add)
    except StorageError:
        # Else the journal, which still holds them, would add them once more.
        if not transactions or not _is_committed(connections, transactions[0]):
            raise


def _is_committed(connections: Connections, transaction: int) -> bool:
    status = text("SELECT txid_status(:transaction)")
    with suppress(StorageError):
        found = connections.unless_resting(lambda kept: kept.sql.execute(status, {"transaction": transaction}).scalar())
        return found == "committed"
    return False


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
