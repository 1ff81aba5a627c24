"""Gives the space of deleted results in a SQLite file back to the disk."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from beautyspot.catalog.source import readable_uri
from beautyspot.db.faults import storage_error
from beautyspot.db.ownership import uri
from beautyspot.errors import StorageError
from beautyspot.maintenance.existence import own_file

FIGURES = ("page_count", "freelist_count", "page_size", "auto_vacuum")
INCREMENTAL = 2
"""The mode of `PRAGMA auto_vacuum` in which free pages are given back when it is asked for, some at a time."""
STEP_PAGES = 256
PAUSE_S = 0.003
"""Between two steps, for writers that wait."""


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What giving space back came to, in bytes of the file on disk."""

    before_bytes: int
    after_bytes: int
    """Of a dry run, about."""

    @property
    def freed_bytes(self) -> int:
        """How much smaller the file is."""
        return self.before_bytes - self.after_bytes


def vacuum(
    path: str | os.PathLike[str],
    /,
    *,
    dry_run: bool = False,
    busy_timeout_s: float = 10.0,
    progress: Callable[[int], None] | None = None,
) -> Vacuumed:
    """Make the file smaller by its free pages.

    Others read and write meanwhile. Only the first time for a file that an earlier release made, which is written anew
    as a whole, writers wait, about a second for 200 MB. An interrupt leaves the file as it was or smaller.

    Args:
        path: The file of a database.
        dry_run: Change nothing.
        busy_timeout_s: Longest wait for others that hold the file.
        progress: Called with the number of bytes given back so far.

    Raises:
        ConfigurationError: there is no such file, or another program made it.
        StorageError: another process holds the file, there is no space for a second copy, or it is damaged.
    """
    path = own_file(path)
    before_bytes = _bytes_on_disk(path)
    try:
        # A file that is deleted in this moment is not made anew.
        name = readable_uri(path) if dry_run else uri(str(path), "mode=rw")
        with closing(sqlite3.connect(name, uri=True, timeout=busy_timeout_s, isolation_level=None)) as connection:
            pages, free, page_bytes, mode = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in FIGURES)
            if dry_run or not pages:
                return Vacuumed(before_bytes, (pages - free) * page_bytes)
            if mode == INCREMENTAL:
                _step_by_step(connection, page_bytes, progress)
            else:
                _expect_space(path, 2 * (pages - free) * page_bytes)
                connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
                connection.execute("VACUUM")
            _settle(connection)
    except (sqlite3.Error, OSError) as error:
        raise storage_error(str(path), error) from error
    return Vacuumed(before_bytes, _bytes_on_disk(path))


def _step_by_step(connection: sqlite3.Connection, page_bytes: int, progress: Callable[[int], None] | None) -> None:
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    for done in range(STEP_PAGES, free + STEP_PAGES, STEP_PAGES):
        # Each page is a step of the statement, of which `execute` takes only the first.
        connection.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
        if progress is not None:
            progress(min(done, free) * page_bytes)
        time.sleep(PAUSE_S)


def _settle(connection: sqlite3.Connection) -> None:
    """Move the WAL into the file, which shrinks only now; no writer waits for a reader that is in the way."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    connection.execute("PRAGMA busy_timeout = 20")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _bytes_on_disk(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _expect_space(path: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(path.parent).free
    if free_bytes < needed_bytes:
        raise StorageError(
            f"{str(path)!r} needs {needed_bytes} bytes beside it to be written anew, and {free_bytes} are free; "
            "free some, or delete less and let new results fill the space"
        )
