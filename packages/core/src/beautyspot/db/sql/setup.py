"""The tables on a server: made or upgraded, once among all the processes that come at the same time."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, inspect, select
from sqlmodel import SQLModel

from beautyspot.errors import UPGRADE, NewerFileError, StorageError
from beautyspot.schema import REVISION, TABLES

if TYPE_CHECKING:
    import sqlite3

MARK = Table("beautyspot_revision", MetaData(), Column("revision", Integer, primary_key=True))
"""A row for each revision that the tables went through; a SQLite file has `PRAGMA user_version` instead."""
LOCK = 0x62656175_74797370
"""The advisory lock of those who upgrade: `beautysp` in ASCII."""
PATIENCE_MS = 300_000
"""How long one who upgrades may take."""


def prepare(sql: Connection, name: str, /) -> None:
    """Make or upgrade the tables of the database called `name`, if they must be.

    Raises:
        NewerFileError: a later release made them.
        StorageError: there is a table of another program in their place.
    """
    if revision_of(sql, name) == REVISION:
        return
    with alone(sql):
        revision = revision_of(sql, name)
        if revision < REVISION:
            _upgrade(sql, name, revision)


@contextmanager
def alone(sql: Connection, /) -> Generator[None]:
    """Do what is in the block in one transaction, while nobody else is in such a block."""
    is_postgres = sql.dialect.name == "postgresql"
    driver = _driver_connection(sql)
    limit_s = getattr(driver, "limit_s", None)
    sql.exec_driver_sql("BEGIN" if is_postgres else "BEGIN IMMEDIATE")
    try:
        if is_postgres:
            if limit_s is not None:
                driver.limit_s = PATIENCE_MS / 1000
            sql.exec_driver_sql(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            sql.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        yield
        sql.exec_driver_sql("COMMIT")
    except BaseException:
        sql.exec_driver_sql("ROLLBACK")
        raise
    finally:
        if limit_s is not None:
            driver.limit_s = limit_s


def revision_of(sql: Connection, name: str, /) -> int:
    """Return the revision of the tables, 0 for none.

    Raises:
        NewerFileError: a later release made them.
    """
    revision = _noted_revision(sql)
    if revision > REVISION:
        raise NewerFileError(
            f"{name!r} has revision {revision}, and this release knows {REVISION} at most; "
            f"{UPGRADE} or give another database"
        )
    return revision


def _noted_revision(sql: Connection) -> int:
    if sql.dialect.name == "sqlite":
        return sql.exec_driver_sql("PRAGMA user_version").scalar_one()
    if not inspect(sql).has_table(MARK.name):
        return 0
    return max(sql.execute(select(MARK.c.revision)).scalars(), default=0)


def _upgrade(sql: Connection, name: str, revision: int) -> None:
    if sql.dialect.name == "sqlite":
        from beautyspot.db import migrations  # Alembic costs 500 ms, once in the life of a database

        migrations.upgrade(cast("sqlite3.Connection", _driver_connection(sql)))
    elif revision:
        from beautyspot.db import migrations  # as above

        migrations.take_steps(sql, revision)
        sql.execute(insert(MARK), [{"revision": REVISION}])
    else:
        _make(sql, name)


def _make(sql: Connection, name: str) -> None:
    if inspect(sql).has_table("tasks"):
        raise StorageError(
            f"{name!r} has a table 'tasks' of another program; give another database, or a schema of its own with "
            "?options=-csearch_path%3Dbeautyspot in the URL"
        )
    SQLModel.metadata.create_all(sql, [SQLModel.metadata.tables[table] for table in TABLES])
    MARK.create(sql)
    sql.execute(insert(MARK), [{"revision": REVISION}])


def _driver_connection(sql: Connection) -> Any:
    return sql.connection.driver_connection
