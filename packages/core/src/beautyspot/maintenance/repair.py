"""Mends or drops what can't be read and keeps the rest; what was there before stays beside it."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from beautyspot.catalog import Catalog, ValueReader
from beautyspot.catalog.source import readable_uri
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.faults import storage_error, tells_damage
from beautyspot.db.layout import missing
from beautyspot.db.ownership import REVISION, refuse_others
from beautyspot.db.replacement import inode, set_aside
from beautyspot.db.salvage import READ, Salvage, rename
from beautyspot.errors import StorageError
from beautyspot.maintenance.delete import delete_tasks
from beautyspot.maintenance.existence import own_file
from beautyspot.maintenance.mending import mended
from beautyspot.maintenance.verify import verify
from beautyspot.protocols import BlobStorage
from beautyspot.records import Task

WAIT_S = 10.0
CHANGES = ("INSERT INTO tasks SELECT * FROM tasks", "UPDATE tasks SET size_bytes = 0", "DELETE FROM tasks")
"""What the triggers are read for, which may name a column that isn't there."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair came to."""

    kept: int
    """Results that are there afterwards, as far as the repair looked at them."""
    dropped: int
    """Results that could not be read: their value, or of a malformed file all of them, as far as it tells how many."""
    salvaged: int
    """Of those kept, results that were read from a malformed file."""
    copies: tuple[str, ...]
    """Where what was there before lies; delete it when nothing is missed."""
    size_bytes: int = 0
    """Of those dropped, as far as their rows tell; 0 for a malformed file."""
    keys: tuple[str, ...] = ()
    """Of those dropped; none for a malformed file."""
    mended: int = 0
    """Of those kept, results of which only what their rows say was wrong; 0 for a malformed file."""
    may_revive: bool = False
    """Whether results that had been deleted may be among those salvaged, as a file no longer told them apart."""
    missed: tuple[str, ...] = ()
    """Tables beside the results, as "activity", of which a malformed file did not give everything."""
    unreachable: int = 0
    """Of those kept, results that a blob storage in trouble did not give: whether they can be read is not known."""


def repair(
    path: str | os.PathLike[str],
    storages: Sequence[BlobStorage],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Repaired:
    """Make the SQLite file at `path` sound again.

    A malformed file is renamed, and what can be read of it goes into a new one, which others may use meanwhile;
    so does what a program set aside earlier. In a sound file, once there is a copy of it, rows of which only a column
    is wrong, as their size, are mended, and those whose value can't be read are deleted. Results whose blob can't be
    had are left to `clean`. It may be interrupted and run again.

    Raises:
        ConfigurationError: there is no file, or one of another program.
        StorageError: it can't be read for another reason than damage, or not written; or the blob storage fails again
            and again, and nothing was changed.
    """
    path = own_file(path)  # never rename what another program made
    places = set_aside_before(path)
    if _is_malformed(path):
        places.append(path if dry_run else _put_aside(path))
    elif not places:
        return _without_damaged(path, storages, dry_run=dry_run, progress=progress)
    return _salvaged(path, places, dry_run=dry_run, progress=progress)


def _is_malformed(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(readable_uri(path), uri=True)) as connection:
            if refuse_others(connection, str(path)) == REVISION:
                if missing(connection.execute):
                    return True
                for change in CHANGES:
                    connection.execute(f"EXPLAIN {change}")
            return connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok" or _has_odd_texts(connection)
    except (sqlite3.Error, StorageError) as error:
        if tells_damage(error.__cause__ or error):
            return True
        raise storage_error(str(path), error) from error


def _has_odd_texts(connection: sqlite3.Connection) -> bool:
    """Say whether rows can't be listed, or not be deleted by their keys, for what should be a text and is none."""
    there = [row[1] for row in connection.execute("PRAGMA table_info(tasks)")]
    if not there:
        return False
    columns = ", ".join(["cache_key", *(name for name in there if name != "result_data")])
    try:
        return not all(isinstance(row[0], str) for row in connection.execute(f"SELECT {columns} FROM tasks"))  # noqa: S608 - its own names
    except sqlite3.OperationalError as error:
        if "decode" in str(error):  # Python's own error has no code
            return True
        raise


def set_aside_before(path: Path, /) -> list[Path]:
    """Return the damaged files that were set aside for the database at `path` and not repaired yet.

    With the ending READ, all that can be read of one has been brought over, but blobs of its other rows may be there.
    """
    found = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [file for file in found if file.name.removesuffix(READ).rpartition("-")[2].isdecimal()]


def _put_aside(path: Path) -> Path:
    place = set_aside(str(path), inode(str(path)))
    if place is None:
        raise StorageError(f"{str(path)!r} could not be renamed; see that its folder can be written, and run it again")
    return Path(place)


def _salvaged(path: Path, places: Sequence[Path], *, dry_run: bool, progress: Progress | None) -> Repaired:
    kept = dropped = 0
    may_revive = False
    copies: list[str] = []
    missed: set[str] = set()
    # Before the first use it opens nothing: a dry run leaves even noise where it is.
    with closing(SQLiteTaskDB(path)) as db:
        for place in places:
            with closing(_opened(place, dry_run=dry_run)) as connection:
                salvage = Salvage(str(place), connection, is_live=place == path)
                read = 0
                for tasks, bad in salvage.chunks() if place.suffix != READ else ():
                    kept += len(tasks) if dry_run else len(db.upkeep.put_newer(tasks))
                    dropped, read = dropped + bad, read + len(tasks) + bad
                    if progress is not None:
                        progress(kept)
                may_revive = may_revive or salvage.may_revive
                dropped += max(0, salvage.count() - read) if place.suffix != READ else 0
                if not dry_run:
                    db.open()
                    _copy_side_tables(salvage, path)
                    missed.update(salvage.missed)
            if not dry_run:
                copies.append(_renamed(place))
    return Repaired(kept, dropped, kept, tuple(copies), may_revive=may_revive, missed=tuple(sorted(missed)))


def _opened(place: Path, *, dry_run: bool) -> sqlite3.Connection:
    # Who may write moves the WAL into the file at the end; who may not leaves it beside a file that was set aside.
    mode = "ro" if dry_run else "rw"
    return sqlite3.connect(f"file:{quote(os.fsencode(place))}?mode={mode}", uri=True, isolation_level=None)


def _copy_side_tables(salvage: Salvage, path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)) as new:
            new.execute("PRAGMA foreign_keys = ON")
            salvage.copy_side_tables(new)
    except sqlite3.Error as error:
        raise storage_error(str(path), error) from error


def _renamed(place: Path) -> str:
    """Give a file that was read another name, so that the next repair doesn't bring back what was deleted since."""
    name = place.name.replace(".damaged-", ".salvaged-").removesuffix(READ)
    target = str(place.with_name(name))
    rename(str(place), target)
    return target


def _without_damaged(
    path: Path, storages: Sequence[BlobStorage], *, dry_run: bool, progress: Progress | None
) -> Repaired:
    with Catalog.open(path) as catalog, closing(SQLiteTaskDB(path)) as db:
        found = verify(catalog, storages, progress=progress)
        if not found.is_whole:
            raise StorageError(
                f"{len(found.unreachable)} results could not be read, as the blob storage is in trouble, and nothing "
                f"was changed ({found.unreachable[-1].what}); run it again when the storage answers"
            )
        bad = [damage.task for damage in found.damaged if not damage.is_lost]
        copies = (str(_copied(path)),) if bad and not dry_run else ()
        reader = catalog.values(*storages)
        unread = [task for task in bad if not _mend(task, catalog, reader, None if dry_run else db)]
        storage = storages[0] if storages else None
        dropped = len(unread) if dry_run else delete_tasks(unread, db, storage).tasks
    size_bytes = sum(task.size_bytes or 0 for task in unread)
    keys = tuple(task.cache_key for task in unread)
    return Repaired(
        found.tasks - dropped, dropped, 0, copies, size_bytes, keys, len(bad) - len(unread),
        unreachable=len(found.unreachable),
    )  # fmt: skip


def _mend(task: Task, catalog: Catalog, reader: ValueReader, db: SQLiteTaskDB | None) -> bool:
    """Say whether the value is whole, and write its row to `db` as it should be, unless it was kept anew meanwhile."""
    whole = mended(catalog, reader, task)
    if whole is not None and db is not None:
        db.upkeep.replace_unchanged(task, whole)
    return whole is not None


def _copied(path: Path) -> Path:
    number = 1
    while (copy := path.with_name(f"{path.name}.before-repair-{number}")).exists():
        number += 1
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        copy.chmod(0o600)
        old.backup(new, pages=1000)
    return copy
