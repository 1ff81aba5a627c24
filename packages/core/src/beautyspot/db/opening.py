"""From a path or URL to a database."""

from __future__ import annotations

import os

from beautyspot.checks import shown
from beautyspot.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.protocols import TaskDB

SCHEMES = {
    "memory": "beautyspot.db.opening:open_memory",
    "postgres": "beautyspot.db.sql.database:open_sql",
    "postgresql": "beautyspot.db.sql.database:open_sql",
    "redis": "beautyspot.db.redis:open_redis",
    "rediss": "beautyspot.db.redis:open_redis",
    "sqlite": "beautyspot.db.opening:open_sqlite",
    "unix": "beautyspot.db.redis:open_redis",
}
"""Who opens a URL of that scheme: `module:function`, called with the URL and the options of `open_db`."""
SQL = "beautyspot.db.sql.database:open_sql"
"""Who opens any other, if SQLAlchemy knows it."""


def open_db(place: str | os.PathLike[str] | TaskDB, /, **options: Any) -> TaskDB:
    """Return the database at `place`.

    Args:
        place: A path, `sqlite:///relative.db`, `sqlite:////absolute.db`, `memory://`, a SQLAlchemy URL such as
            `postgresql://user@host/name`, or a database, which is returned.
        options: Of `SQLiteTaskDB`; a database that has no use for them ignores them.

    Raises:
        ConfigurationError: nobody knows the scheme, or `place` is neither, empty or a folder.
        NewerFileError: a later release wrote the file.
    """
    if isinstance(place, os.PathLike):
        place = os.fspath(place)
    if not isinstance(place, str):
        return _database(place)
    if not place:
        raise ConfigurationError("db got ''; give a path, or 'memory://' for a database that ends with the process")
    scheme, has_scheme, _ = place.partition("://")
    if not has_scheme:
        return open_sqlite(f"sqlite:///{place}", **options)
    from importlib import import_module  # a path, which is the usual case, needs no import

    module, _, name = SCHEMES.get(scheme, SQL).partition(":")
    return getattr(import_module(module), name)(place, **options)


def open_sqlite(url: str, /, **options: Any) -> TaskDB:
    """Open the file that `url` names; without one it is a database in memory, as SQLAlchemy has it."""
    from beautyspot.db.sqlite import SQLiteTaskDB

    _, _, path = url.partition("://")
    path = path.removeprefix("/")
    if path in ("", ":memory:"):
        return open_memory(url)
    if path.startswith("file:"):
        raise ConfigurationError(
            f"db got {path!r}, which is a URI to SQLite alone; give the path, 'memory://' for one that ends with "
            "the process, or the absolute path of a file of that name"
        )
    if os.path.isdir(os.path.expanduser(path)):  # noqa: PTH111, PTH112 - pathlib is 3 ms of `import beautyspot`
        raise ConfigurationError(f"{path!r} is a folder; give a file in it, such as '{path}/results.db'")
    return SQLiteTaskDB(path, **options)


def open_memory(_url: str, /, **_options: Any) -> TaskDB:
    """Return a new database in memory."""
    from beautyspot.db.memory import MemoryTaskDB

    return MemoryTaskDB()


def _database(place: Any) -> TaskDB:
    if all(callable(getattr(place, name, None)) for name in ("get", "put", "delete", "find", "close")):
        return place
    raise ConfigurationError(f"not a database: {shown(place)}; give a path, a URL like 'sqlite:///a.db', or a TaskDB")
