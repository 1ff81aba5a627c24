"""A database opened only to be read: whatever release wrote it, whatever SQLAlchemy speaks to."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Table,
    Text,
    create_engine,
    inspect,
    null,
    type_coerce,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlmodel import SQLModel

from beautyspot.db.faults import READ_ONLY, WAITABLE, code_of
from beautyspot.db.redis_url import SCHEMES as NO_SQL
from beautyspot.db.redis_url import parse
from beautyspot.db.sql.faults import storage_error
from beautyspot.db.sql.setup import revision_of
from beautyspot.db.sql.urls import Address, address_of, engine_at
from beautyspot.errors import BeautySpotError, ConfigurationError, NewerFileError, StorageError
from beautyspot.schema import FILE_TABLES, REVISION, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select

    AnyRow = Row[*tuple[Any, ...]]
    AnySelect = Select[*tuple[Any, ...]]

ALL_TABLES = (*TABLES, *FILE_TABLES)


class Source:
    """An engine, and the columns that are really there."""

    def __init__(self, engine: Engine, path: Path | None, name: str) -> None:
        """Look at the tables behind `engine`, a SQLite file if there is a `path`."""
        self.engine = engine
        self.path = path
        self.name = name
        self._columns: dict[str, set[str]] = {}
        try:
            self._look()
        except BaseException:  # re-raised; nobody else knows the engine to close it
            self.close()
            raise

    def _look(self) -> None:
        try:
            inspector = inspect(self.engine)
            existing = set(inspector.get_table_names())
            self._columns = {t: {c["name"] for c in inspector.get_columns(t)} for t in ALL_TABLES if t in existing}
        except SQLAlchemyError as error:
            raise self._failed(error) from error
        if self.path is not None and not self.path.stat().st_size:
            raise ConfigurationError(
                f"{self.name!r} is empty: nothing was kept in it yet, or it lost its content; "
                "put a copy of it back, or give the path of one that a Spot made"
            )
        if not self._columns.get("tasks", set()) >= {"cache_key", "func_name", "result_type"}:
            raise ConfigurationError(
                f"{self.name!r} holds no kept results; expected a database of beautyspot; "
                "give the path of one that a Spot made"
            )

    def has(self, table: str, /) -> bool:
        """Say whether the table is there; releases before 3.0 had `tasks` alone."""
        return table in self._columns

    @property
    def indexed(self) -> bool:
        """Whether it has the indexes of the schema; files of releases before 3.0 have none."""
        return self.has("tags")

    def table(self, name: str, /) -> Table:
        """Return the table as the schema has it."""
        return SQLModel.metadata.tables[name]

    def column(self, table: str, name: str, /) -> ColumnElement[Any]:
        """Return the column, or NULL under its name where the file is too old to have it."""
        if name not in self._columns[table]:
            return null().label(name)
        column: Column[Any] = self.table(table).c[name]
        # A SQLite file may hold times as any release wrote them, or damaged: as text nothing is lost or raised,
        # and a cursor compares equal to the very text it came from.
        is_time = self.engine.dialect.name == "sqlite" and column.type.python_type.__name__ == "datetime"
        return type_coerce(column, Text).label(name) if is_time else column

    def rows(self, statement: "AnySelect", /) -> "Sequence[AnyRow]":
        """Return every row of the answer.

        Raises:
            StorageError: the database can't give it.
        """
        try:
            with self.engine.connect() as connection:
                return connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def raw(self, statement: str, values: "Sequence[Any]" = (), /) -> "Sequence[AnyRow]":
        """Return every row that a SQLite file answers to `statement`, in its own dialect.

        Raises:
            StorageError: it can't.
        """
        try:
            with self.engine.connect() as connection:
                return connection.exec_driver_sql(statement, tuple(values)).all()
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def pragma(self, name: str, /) -> str:
        """Return what SQLite says to `PRAGMA name`, a line for each row."""
        return "\n".join(str(row[0]) for row in self.raw(f"PRAGMA {name}"))

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()
        if self.path is not None:
            _tidy(self.path)

    def _failed(self, error: SQLAlchemyError) -> BeautySpotError:
        if self.path is None:
            return storage_error(self.name, error)
        reason = getattr(error, "orig", None) or error
        if "decode" in str(reason):  # Python's own complaint of bytes where a text should be
            return StorageError(f"can't read {self.name!r}: {reason}; `beautyspot repair` drops such rows")
        return _unreadable(self.path, reason)


def open_source(place: str | os.PathLike[str], /) -> Source:
    """Open the database at a path or URL, making and changing nothing.

    Raises:
        ConfigurationError: there is none, or nobody speaks its scheme.
        NewerFileError: a later release wrote it.
        StorageError: it can't be read.
    """
    path = file_of(place)
    return _open_server(address_of(os.fspath(place))) if path is None else _open_file(path)


def file_of(place: str | os.PathLike[str], /) -> Path | None:
    """Return the SQLite file that a path or URL names; None if it names a server's database.

    Raises:
        ConfigurationError: it speaks no SQL, or nobody speaks its scheme.
    """
    text = os.fspath(place)
    if "://" not in text:
        return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib raises where there is no home
    if text.partition("://")[0] in NO_SQL:
        name = parse(text).name
        raise ConfigurationError(
            f"{name!r} speaks no SQL to ask; "
            f"copy it into a file and look at that: `beautyspot migrate --from {name} --to look.db`"
        )
    address = address_of(text)
    if address.url.get_backend_name() == "sqlite":
        return Path(os.path.expanduser(address.url.database or ":memory:"))  # noqa: PTH111 - as above
    engine_at(address, read_only=True).dispose()  # connects to nothing, and refuses what nobody speaks
    return None


def _open_server(address: Address) -> Source:
    source = Source(engine_at(address, read_only=True), None, address.name)
    try:
        with source.engine.connect() as sql:
            revision_of(sql, address.name)
    except BaseException:  # re-raised; nobody else knows the source to close it
        source.close()
        raise
    return source


def _open_file(path: Path) -> Source:
    if not path.is_file():
        raise ConfigurationError(f"no database at {str(path)!r}; give the path of one that a Spot made")
    path = path.absolute()  # a dashboard lives longer than its working directory
    uri = readable_uri(path)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    # The default pool of a SQLAlchemy file URL; `creator` would otherwise choose the one for memory.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    return Source(engine, path, str(path))


def _tidy(path: Path) -> None:
    """Have SQLite remove the empty WAL and its index that reading made: who may only read leaves them behind."""
    try:
        if path.with_name(f"{path.name}-wal").stat().st_size == 0:
            # Writes nothing; whoever closes a file last, and could have written, removes both.
            with closing(
                sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=rw", uri=True, timeout=0)
            ) as connection:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except (OSError, sqlite3.Error):
        return  # none is there, or it can't be written


def readable_uri(path: Path, /) -> str:
    """Return the URI by which SQLite reads the file at `path` and makes nothing beside it.

    Raises:
        NewerFileError: a later release wrote it.
        StorageError: it can't be read.
    """
    base = f"file:{quote(os.fsencode(path))}"
    _refuse_damaged(path, base)
    try:
        return _checked(f"{base}?mode=ro", path)
    except sqlite3.OperationalError as error:
        # Read as if it were on a CD, a file that somebody holds would be half of what they write to it.
        if code_of(error) in WAITABLE:
            raise _unreadable(path, error) from error
        # In a folder that can't be written there is no place for the WAL's index; a file without a WAL needs none.
        if _has_wal(path):
            if code_of(error) not in READ_ONLY:
                raise _unreadable(path, error) from error
            raise StorageError(
                f"can't read {str(path)!r}: its folder can't be written and a WAL lies beside it; copy both elsewhere"
            ) from None
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    try:
        return _checked(f"{base}?immutable=1", path)
    except sqlite3.Error as error:
        raise StorageError(f"can't open {str(path)!r}: {error}; check its owner and permissions") from error


def _refuse_damaged(path: Path, base: str) -> None:
    """Look at a file without a WAL as if it were on a CD: any other way would leave one beside what is damaged."""
    if _has_wal(path):
        return
    try:
        _checked(f"{base}?immutable=1", path)
    except sqlite3.OperationalError:
        return  # whoever opens it as it is says why
    except sqlite3.Error as error:
        if not _has_wal(path):  # else a program that began to write in this moment made it look so
            raise _unreadable(path, error) from error


def _has_wal(path: Path) -> bool:
    return path.with_name(f"{path.name}-wal").exists()


def _unreadable(path: Path, error: BaseException) -> StorageError:
    step = "`beautyspot doctor` says what is wrong with a file"
    if code_of(error) in WAITABLE:
        step = "another program holds it; wait, or end it"
    return StorageError(f"can't read {str(path)!r}: {error}; {step}")


def is_held(place: str | os.PathLike[str], /, wait_s: float) -> bool:
    """Say whether another program keeps everybody from reading a SQLite file, now and for the next `wait_s`.

    Not if there is no file, or none that can be read: who opens it says so.

    Raises:
        ConfigurationError: it speaks no SQL, or nobody speaks its scheme.
    """
    path = file_of(place)
    if path is None or not path.is_file():
        return False
    try:
        uri = f"file:{quote(os.fsencode(path))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=wait_s)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return code_of(error) in WAITABLE
    _tidy(path)
    return False


def _checked(uri: str, path: Path) -> str:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        revision = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if revision > REVISION:
        raise NewerFileError(
            f"{str(path)!r} has revision {revision}, and this release knows {REVISION} at most; upgrade beautyspot"
        )
    return uri
