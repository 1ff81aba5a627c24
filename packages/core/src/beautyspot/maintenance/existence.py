"""Database files that are there, and those that only their first use would make."""

import os
from pathlib import Path

from beautyspot.db import MemoryTaskDB
from beautyspot.db.ownership import look
from beautyspot.errors import ConfigurationError
from beautyspot.protocols import TaskDB


def own_file(path: str | os.PathLike[str], /) -> Path:
    """Return the absolute path of a database that a Spot made.

    Raises:
        ConfigurationError: there is no such file, or another program made it.
        NewerFileError: a later release did.
    """
    file = Path(path)
    if not file.is_file():
        raise _missing(str(file))
    look(str(file))
    return file.absolute()  # as the rooms below have it, which take the folder off it


def expect_made(db: TaskDB, /) -> None:
    """Refuse a file that isn't there, as reading would make an empty one.

    Raises:
        ConfigurationError: it isn't.
    """
    if _is_unmade(db):
        raise _missing(getattr(db, "path", ""))


def without_making(db: TaskDB, /) -> TaskDB:
    """Return `db`, or an empty database in its place if it is a file that its first use would make."""
    return MemoryTaskDB() if _is_unmade(db) else db


def _is_unmade(db: TaskDB) -> bool:
    path: str | None = getattr(db, "path", None)
    return path is not None and not Path(path).exists()


def _missing(path: str) -> ConfigurationError:
    return ConfigurationError(f"no database at {path!r}; give the path of one that a Spot made")
