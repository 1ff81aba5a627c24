"""Gives the space of deleted results in a SQLite file back to the disk."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from beautyspot.db.faults import storage_error
from beautyspot.errors import StorageError

FIGURES = ("page_count", "freelist_count", "page_size")


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


def vacuum(path: Path, /, *, dry_run: bool = False, busy_timeout_s: float = 10.0) -> Vacuumed:
    """Write the file anew without its free pages.

    Others read meanwhile, and wait to write: about a second for 200 MB. Whatever happens, an interrupt too, the file is
    as it was or smaller.

    Args:
        path: The file.
        dry_run: Change nothing.
        busy_timeout_s: Longest wait for others that hold the file.

    Raises:
        StorageError: another process holds the file, there is no space for a second copy, or it is damaged.
    """
    before_bytes = _bytes_on_disk(path)
    try:
        with closing(sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)) as connection:
            pages, free, page_bytes = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in FIGURES)
            if dry_run:
                return Vacuumed(before_bytes, (pages - free) * page_bytes)
            _expect_space(path, 2 * (pages - free) * page_bytes)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise storage_error(str(path), error) from error
    return Vacuumed(before_bytes, _bytes_on_disk(path))


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
