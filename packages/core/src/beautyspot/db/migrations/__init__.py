"""Upgrades of older files; imported only when `PRAGMA user_version` says that one is needed.

To change the schema: change `schema.py`, raise `REVISION` there and in `db/ownership.py`, add a step to `versions/`
and to `STEPS`, and regenerate `db/schema.sql`. A step never imports `schema.py`, which will have moved on.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from beautyspot.db.migrations.versions import (
    v0001_the_house,
    v0002_compression_and_uses,
    v0003_rates_of_limits,
    v0004_origins,
)

STEPS: dict[int, Callable[[Operations, Connection], None]] = {
    1: v0001_the_house.upgrade,
    2: v0002_compression_and_uses.upgrade,
    3: v0003_rates_of_limits.upgrade,
    4: v0004_origins.upgrade,
}
"""What leads to each revision."""


class Borrowed:
    """A connection whose transaction SQLAlchemy can't end: a crash half-way must leave the old file as it was."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Lend `connection`."""
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        """Do as the connection does."""
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Leave it to the lender."""

    rollback = close = commit


def upgrade(connection: sqlite3.Connection, /) -> None:
    """Take every step that the file has not taken, inside the transaction that `connection` is in.

    Raises:
        sqlite3.Error: a step failed; whoever began the transaction rolls it back.
    """
    revision: int = connection.execute("PRAGMA user_version").fetchone()[0]
    engine = create_engine("sqlite://", creator=lambda: Borrowed(connection), poolclass=StaticPool)
    try:
        with engine.connect() as sql:
            take_steps(sql, revision)
    except DBAPIError as error:
        raise error.orig or error from None  # nobody outside needs to know who spoke to SQLite
    connection.execute(f"PRAGMA user_version = {max(STEPS)}")


def take_steps(sql: Connection, revision: int, /) -> None:
    """Take every step after `revision`, inside the transaction that `sql` is in."""
    operations = Operations(MigrationContext.configure(sql))
    for step in sorted(STEPS):
        if step > revision:
            STEPS[step](operations, sql)
