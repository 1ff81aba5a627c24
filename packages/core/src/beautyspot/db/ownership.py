"""Whose file it is: ours, one from the future, or another program's, which is never touched."""

import os
import sqlite3

from beautyspot.db.faults import UNREADABLE, code_of
from beautyspot.db.rows import TASK_COLUMNS
from beautyspot.errors import UPGRADE, ConfigurationError, NewerFileError
from beautyspot.folders import WORKSPACE

REVISION = 4
"""`schema.REVISION`, again: importing that costs 300 ms. A test compares the two."""

OURS = frozenset(("cache_key", "func_name", "result_type", "result_value"))
"""Columns of `tasks` that every release has written."""
OF_TASKS = frozenset(TASK_COLUMNS.split(", "))
OF_REVISION_1 = OF_TASKS - {"compression"}
"""Columns of the oldest file that says its revision."""
MOST_MISNAMED = 2
"""Columns of `tasks` whose names may be damaged; a table that lacks more of them is another program's."""

# In one statement, so that no other process makes the tables between one question and the next.
LOOK = (
    "SELECT user_version, (SELECT name FROM sqlite_master LIMIT 1), "
    "(SELECT CAST(group_concat(name) AS BLOB) FROM pragma_table_info('tasks')) FROM pragma_user_version"
)


class MisnamedColumnError(sqlite3.DatabaseError):
    """A bit of the schema's text is another one than we wrote, which SQLite takes for another name."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"


def look(path: str, /) -> None:
    """Look at the file at `path`, if there is one, without touching it or anything beside it.

    Raises:
        NewerFileError: a later release wrote it.
        ConfigurationError: another program did, or no file can have that name.
    """
    if "\0" in path:
        raise ConfigurationError(f"{path!r} has a null character, which no file's name can have; give another path")
    before = _state(path)
    if before is None:
        return
    # A WAL-mode file without a WAL is read as if it were on a CD: any other way leaves files beside it.
    settled = not _has_wal(path)
    try:
        _look(path, "immutable=1" if settled else "mode=ro")
    except ConfigurationError:
        if not settled or (_state(path) == before and not _has_wal(path)):
            raise
        _look(path, "mode=ro")  # a program that began to write in this moment made it look so


def refuse_others(connection: sqlite3.Connection, path: str, /) -> int:
    """Return the revision of our file at `path`, 0 for an empty one and one of releases 0.3 to 2.x.

    Raises:
        NewerFileError: a later release wrote it.
        ConfigurationError: another program did.
        MisnamedColumnError: we did, and its results are to be had by the order of the columns alone.
    """
    revision, found, columns = connection.execute(LOOK).fetchone()
    # SQLite knows names without their case, and damaged ones are no UTF-8.
    names: set[str] = set(columns.decode(errors="backslashreplace").lower().split(",")) if columns else set()
    lost = (OF_TASKS if revision > 1 else OF_REVISION_1) - names
    if 0 < revision <= REVISION and 0 < len(lost) <= MOST_MISNAMED:
        raise MisnamedColumnError(f"table tasks has no column named {min(lost)}")
    if revision > REVISION and (found is None or names):
        raise NewerFileError(
            f"{path!r} has revision {revision}, and this release knows {REVISION} at most; "
            f"{UPGRADE} or give another path"
        )
    if found is not None and not names >= OURS:
        what = "'tasks'" if names else repr(found)
        raise ConfigurationError(
            f"{path!r} holds {what} of another program, and beautyspot keeps results in a file of its own; "
            "give another path"
        )
    return revision


def _look(path: str, query: str) -> None:
    connection = None
    try:
        connection = sqlite3.connect(uri(path, query), uri=True, timeout=0)
        refuse_others(connection, path)
    except sqlite3.Error as error:
        misnamed = isinstance(error, MisnamedColumnError)
        if code_of(error) in UNREADABLE and not misnamed and not _was_ours(path):
            raise ConfigurationError(
                f"{path!r} is no SQLite database ({error}), and nothing says that beautyspot made it; give another path"
            ) from error
        # Anything else whoever uses it first will tell.
    finally:
        if connection is not None:
            connection.close()


def _was_ours(path: str) -> bool:
    """Say whether what lies around an unreadable file tells that we made it."""
    folder = os.path.basename(os.path.dirname(path))  # noqa: PTH119, PTH120 - pathlib is 3 ms of `import beautyspot`
    return folder == WORKSPACE or os.path.exists(f"{path}-locks")  # noqa: PTH110 - as above


def _state(path: str) -> tuple[int, int] | None:
    """Return what changes when the file is written; None for no file and an empty one."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if status.st_size else None


def _has_wal(path: str) -> bool:
    return os.path.exists(f"{path}-wal")  # noqa: PTH110 - as above


def uri(path: str, query: str, /) -> str:
    """Return `path` as SQLite's URI. Source: sqlite.org/uri.html, section 3.1; `urllib` would cost 20 ms."""
    if os.sep != "/":
        path = "/" + path.replace(os.sep, "/").lstrip("/")
    for character, code in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        path = path.replace(character, code)
    return f"file:{path}?{query}"
