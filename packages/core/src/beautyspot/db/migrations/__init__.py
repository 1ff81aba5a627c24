"""Upgrades of older files; imported only when `PRAGMA user_version` says that one is needed.

To change the schema: change `schema.py`, raise `REVISION` there and in `db/files.py`, add a step to `versions/`
and to `STEPS`, and regenerate `db/schema.sql`. A step never imports `schema.py`, which will have moved on.
"""

import sqlite3
from collections.abc import Callable

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from beautyspot.db.migrations.versions import v0001_the_house

STEPS: dict[int, Callable[[Operations, Connection], None]] = {1: v0001_the_house.upgrade}
"""What leads to each revision."""


def upgrade(connection: sqlite3.Connection, /) -> None:
    """Take every step that the file has not taken, inside the transaction that `connection` is in."""
    revision: int = connection.execute("PRAGMA user_version").fetchone()[0]
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    # Without its own transaction: SQLAlchemy would end ours, and a crash between two steps leave a file of no release.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as sql:
        operations = Operations(MigrationContext.configure(sql))
        for step in sorted(STEPS):
            if step > revision:
                STEPS[step](operations, sql)
    connection.execute(f"PRAGMA user_version = {max(STEPS)}")
