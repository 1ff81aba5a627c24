"""The SQLite file: make it, open it, read it where it can't be written."""

import os
import sqlite3
import time

from beautyspot.db.faults import READ_ONLY, WAITABLE, code_of
from beautyspot.db.ownership import REVISION, refuse_others, uri
from beautyspot.db.replacement import PAUSE_S, unmoved
from beautyspot.errors import ConfigurationError, StorageError
from beautyspot.folders import make_folder


def connect(path: str, synchronous: str, busy_timeout_s: float, /) -> sqlite3.Connection:
    """Open the database at `path`, made or upgraded if it must be, or only for reading if it can't be written.

    Raises:
        StorageError: another program or a later release wrote it.
    """
    try:
        make_folder(os.path.dirname(path))  # noqa: PTH120 - pathlib is 3 ms of `import beautyspot`
        with unmoved(path):
            return make(path, synchronous, busy_timeout_s)
    except ConfigurationError as error:
        raise StorageError(str(error)) from None
    except (sqlite3.Error, OSError) as error:
        if not os.path.exists(path) or (code_of(error) not in READ_ONLY and not isinstance(error, PermissionError)):  # noqa: PTH110
            raise
        return _ready_to_read(path)


def make(path: str, synchronous: str, busy_timeout_s: float, /) -> sqlite3.Connection:
    """Open the database at `path` for writing, made or upgraded if it must be; the folder's lock is held."""
    _make(path)
    return _ready(_open(path), path, synchronous, busy_timeout_s)


def _make(path: str) -> None:
    """Make an empty file that only its owner can read, if it isn't there."""
    if os.path.exists(path):  # noqa: PTH110
        return
    try:
        # SQLite would make it for everybody to read, and gives its -wal and -shm the mode that it has.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def _open(path: str, *, is_uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, uri=is_uri)


def _ready(connection: sqlite3.Connection, path: str, synchronous: str, busy_timeout_s: float) -> sqlite3.Connection:
    try:
        revision = refuse_others(connection, path)
        if revision < REVISION:
            _prepare(connection, busy_timeout_s)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # REPLACE tells the counters of the old row only so
        # A page that four puts touch is copied back once: 29 µs for a put instead of 41, and 1000 is SQLite's own.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA journal_size_limit = 33554432")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Make or upgrade the tables, once among all the processes that open the file in this moment."""
    is_old = _holds_tasks(connection)
    # What an older file holds is worth the wait for whoever upgrades it; a fresh one holds nothing, and whoever asks
    # for it has a patience of its own.
    deadline_s = time.monotonic() + (busy_timeout_s if is_old else 0.0)
    while True:
        try:
            # Before the first page of a fresh file: later only rewriting it all would do. It costs an insert nothing.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            break
        except sqlite3.Error as error:
            if code_of(error) not in WAITABLE or time.monotonic() >= deadline_s:
                raise
            time.sleep(PAUSE_S)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] < REVISION:
            _make_tables(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _holds_tasks(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA table_info(tasks)").fetchall())


def _make_tables(connection: sqlite3.Connection) -> None:
    if not _holds_tasks(connection):
        for statement in schema_statements():
            connection.execute(statement)
        return
    from beautyspot.db.layout import missing  # once in the life of an old file, as below

    if missing(connection.execute):
        from beautyspot.db.migrations import upgrade  # Alembic costs 500 ms

        upgrade(connection)
    else:  # a copy by SQLite's .dump or .recover, which leave the number out
        connection.execute(f"PRAGMA user_version = {REVISION}")


def schema_statements() -> list[str]:
    """Return the statements that make a fresh file's tables."""
    with open(os.path.join(os.path.dirname(__file__), "schema.sql"), encoding="utf-8") as file:  # noqa: PTH118, PTH120
        return file.read().split(";\n\n")


def _ready_to_read(path: str) -> sqlite3.Connection:
    """Open what can't be written; a file whose WAL is gone needs no lock, and couldn't have one here."""
    try:
        settled = not os.path.getsize(path + "-wal")  # noqa: PTH202
    except OSError:
        settled = True
    connection = _open(uri(path, "immutable=1" if settled else "mode=ro"), is_uri=True)
    try:
        revision = refuse_others(connection, path)
        if revision < REVISION:
            _show_as_upgraded(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _show_as_upgraded(connection: sqlite3.Connection) -> None:
    """Let the statements for today's tables read an old file that can't be upgraded."""
    had = {row[1] for row in connection.execute("PRAGMA main.table_info(tasks)")}
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    wanted = (
        "cache_key", "func_name", "input_id", "result_type", "result_value", "result_data", "content_type", "version",
        "updated_at", "expires_at", "size_bytes", "elapsed_s", "checksum", "compression",
    )  # fmt: skip
    columns = ", ".join(name if name in had else f"NULL AS {name}" for name in wanted)
    stand_ins = {
        "tags": "TABLE tags (tag TEXT, cache_key TEXT)",
        "uses": "TABLE uses (cache_key TEXT, used_at TEXT)",
        "origins": "TABLE origins (scope TEXT, path TEXT)",
        "legacy_names": "VIEW legacy_names AS SELECT DISTINCT func_name, NULL AS claimed_by FROM main.tasks",
    }
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"CREATE TEMP VIEW tasks AS SELECT rowid AS rowid, {columns} FROM main.tasks")  # noqa: S608 - names of ours
    for name, stand_in in stand_ins.items():
        if name not in tables:
            connection.execute(f"CREATE TEMP {stand_in}")
