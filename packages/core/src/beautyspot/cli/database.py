"""Which database a command means, and where its blobs lie."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from beautyspot.errors import ConfigurationError
from beautyspot.folders import WORKSPACE
from beautyspot.protocols import BlobStorage, TaskDB
from beautyspot.storage import create_storage
from beautyspot.storage.foreign import translated
from beautyspot.workspace import blob_folder, linked_blob_folder


@dataclass(frozen=True, slots=True)
class Place:
    """What the options common to all commands say."""

    db: str | None = None
    storage: str | None = None
    as_json: bool = False

    def database(self) -> str:
        """Return the path or URL that was given, or of the only database here.

        Raises:
            ConfigurationError: there are several, or none, or a folder was given.
        """
        if self.db and (path := path_of(self.db)) is not None and path.is_dir():
            raise ConfigurationError(f"a folder, not a database: {str(path)!r}; {_choice_in(path)}")
        return self.db or only_database(Path())

    def existing(self) -> str:
        """Return the path or URL of a database that is there.

        Raises:
            ConfigurationError: there is no such file, or as `database` says.
        """
        database = self.database()
        path = path_of(database)
        if path is not None and not path.is_file():
            raise ConfigurationError(f"no database at {str(path)!r}; give the path of one that a Spot made")
        return database

    def refuse_empty(self) -> None:
        """Look for tables of ours in the file, if it is one, and make none.

        Raises:
            ConfigurationError: nothing was ever kept in it, or it lost its content, or as `existing` says.
        """
        from beautyspot.catalog import Catalog  # SQLAlchemy's 300 ms, which few commands need

        if path_of(database := self.existing()) is not None:
            Catalog.open(database).close()

    def file(self) -> Path:
        """Return the path of the SQLite file.

        Raises:
            ConfigurationError: the database is no file, or as `database` says.
        """
        database = self.database()
        path = path_of(database)
        if path is None:
            raise ConfigurationError(
                f"not a file: {database.partition('://')[0]}://…; "
                "a server's own tools do this to its databases, or give the path of a SQLite file"
            )
        return path

    def storages(self) -> list[BlobStorage]:
        """Return where the blobs lie: the only one that is changed, then those in which others may be found.

        They are the storage that was given and the folders of the database, as its Spots may keep blobs in either;
        none for a server's, unless a storage was given.
        """
        database = self.database()
        if self.storage is None and path_of(database) is None:
            return []
        folders = map(create_storage, blob_folders(database))
        return [*folders] if self.storage is None else [translated(create_storage(self.storage)), *folders]


def only_database(folder: Path, /) -> str:
    """Return the path of the only database in the workspace of `folder`, or beside it if the workspace has none.

    Raises:
        ConfigurationError: there are several, or none.
    """
    # Releases up to 1.0 kept theirs beside the script, and a Spot goes on using it there.
    found = sorted((folder / WORKSPACE).glob("*.db")) or _with_tasks(folder)
    if len(found) == 1:
        return str(found[0])
    if found:
        names = ", ".join(map(str, found))
        raise ConfigurationError(f"several databases: {names}; choose one with --db PATH or BEAUTYSPOT_DB=PATH")
    raise ConfigurationError(
        f"no database in {str(folder / WORKSPACE)!r}; "
        "run your program here first, give --db PATH, or try `beautyspot demo`"
    )


def _choice_in(folder: Path) -> str:
    """Return what to give instead of a folder."""
    found = [*_with_tasks(folder), *_with_tasks(folder / WORKSPACE)]
    if found:
        return f"it holds {', '.join(map(str, found))}: give --db PATH with one of them"
    return "no database lies in it: give --db PATH with one that a Spot made"


def databases_around(database: str, /) -> list[str]:
    """Return the paths of the other databases here and in the folder of `database`, whose blobs may lie among its.

    They are known by their ending `.db`; `app`, without one, has the blobs of `app.db`.
    """
    own = Path(database.partition("://")[2].removeprefix("/") if "://" in database else database).resolve()
    folders = {Path.cwd(), Path(WORKSPACE).resolve(), own.parent}
    return sorted(str(path) for folder in folders for path in _with_tasks(folder, own.stem) if path.resolve() != own)


def _with_tasks(folder: Path, name: str | None = None) -> list[Path]:
    """Return the databases of beautyspot in `folder` that end with `.db`, and the one called `name`."""
    paths = {*folder.glob("*.db"), *([] if name is None else [folder / name])}
    return [path for path in sorted(paths) if path.is_file() and _has_tasks(path)]


def _has_tasks(path: Path) -> bool:
    """Say whether the file at `path` is a database of beautyspot; one that can't be read now may well be."""
    try:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)) as connection:
            # A table of that name alone may be a to-do list's.
            columns = connection.execute("SELECT name FROM pragma_table_info('tasks') WHERE name = 'cache_key'")
            return bool(columns.fetchall())
    except sqlite3.Error as error:
        return path.parent.name == WORKSPACE or error.sqlite_errorcode != sqlite3.SQLITE_NOTADB


def path_of(database: str, /) -> Path | None:
    """Return the path of a database in a file; None for a server's."""
    scheme, has_scheme, rest = database.partition("://")
    if has_scheme and not scheme.startswith("sqlite"):
        return None
    return Path(os.path.expanduser(rest.removeprefix("/") if has_scheme else database))  # noqa: PTH111 - raises nothing


def name_of(db: TaskDB, /) -> str:
    """Return the path of a database, or its URL without a password."""
    return str(getattr(db, "path", None) or getattr(db, "name", None) or repr(db))


def blob_folders(database: str, /) -> list[Path]:
    """Return the folder of the blobs of a database in a file, then those of earlier releases and of Spots here."""
    path = path_of(database)
    own = [] if path is None else [Path(blob_folder(path)), Path(linked_blob_folder(path))]
    # Only the first is ever changed. In the others, where earlier releases named folders after Spots, a location
    # that has its blob has the right one: it ends in digits that no two blobs share.
    beside = [folder.parent for folder in own]
    here = (Path(WORKSPACE).absolute() / "blobs", Path("blobs").absolute())
    shared = [each for each in (here[0], *beside, here[1]) if each not in here or os.access(each, os.R_OK | os.X_OK)]
    named = (folder for each in shared if each.is_dir() for folder in sorted(each.iterdir()) if folder.is_dir())
    return list(dict.fromkeys((*own, *named, *shared)))
