"""Reads of a damaged SQLite file what SQLite still can, around the pages that it can't, and brings it elsewhere.

Where SQLite finds no way to a result any more, the pages are read without it.
"""

import math
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import MAXYEAR, UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from zlib import crc32

from beautyspot.batched import batched
from beautyspot.db.faults import Failure
from beautyspot.db.kept import atomically
from beautyspot.db.rows import TASK_COLUMNS, task_of
from beautyspot.db.scan import FEWEST, Scan, columns_of_tasks
from beautyspot.db.upkeep import put_newer
from beautyspot.records import DAMAGED, NO_TIME, Task

CHUNK = 200
LONGEST_GAP = 1_000_000
"""Most row numbers that are tried one by one between what can be read from the start and from the end."""
LONGEST_S = 0.8
"""Longest reading while whoever wants the new file waits for it; they wait for `replacement.PATIENCE_S`."""
LARGEST_BYTES = 64 * 1024 * 1024
"""Of a larger file, LONGEST_S would bring a part only."""
READ = ".read"
"""The ending of a file that was set aside and has nothing more to give."""

SIDE_TABLES = ("uses", "activity", "runs", "limits", "legacy_names")
NAME_LEGACY = (
    "INSERT OR IGNORE INTO legacy_names (func_name) SELECT DISTINCT func_name FROM tasks WHERE size_bytes IS NULL"
)
"""A file that was damaged before its upgrade has no such names yet."""

FIELDS = TASK_COLUMNS.split(", ")
KINDS = ("DIRECT_BLOB", "FILE", "DIRECT")
"""What `result_type` may be."""
NEVER_OLDER = datetime(MAXYEAR, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


class Salvage:
    """The rows of one damaged file that can be read, and are as they were written."""

    def __init__(
        self, place: str, connection: sqlite3.Connection, until_s: float = math.inf, *, is_live: bool = False
    ) -> None:
        """Read the file at `place` through `connection` for as long as `time.monotonic()` is below `until_s`.

        Args:
            is_live: Whether the file was not set aside, so that connections of this process may still write to it.
        """
        self._place = place
        self._connection = connection
        self._until_s = until_s
        self._is_live = is_live
        self._cut: set[str] = set()
        """Tables that SQLite could not read to their end."""
        self.may_revive = False
        """Whether results that had been deleted may be among what was read, as the file no longer tells them apart."""
        self.missed: list[str] = []
        """Tables that results can do without, and of which not all could be brought."""

    @property
    def is_late(self) -> bool:
        """Whether the time is over, so that rows may be missing."""
        return time.monotonic() >= self._until_s

    def chunks(self) -> Iterator[tuple[list[Task], int]]:
        """Yield the tasks with their values and tags, some at a time, and how many beside them are not whole."""
        for chunk in batched(self._tasks(), CHUNK):
            whole = [task for task in chunk if _is_whole(task)]
            yield list({task.cache_key: task for task in whole}.values()), len(chunk) - len(whole)

    def count(self) -> int:
        """Return how many tasks there were, as far as the counters or an index still tell; 0 if nothing does."""
        counts = list(self._until_error("sum(results)", "functions", ""))
        for name in self._names("index_list"):
            counts += self._until_error("count(*)", "tasks", f"INDEXED BY {name}")
        return max((count for (count,) in counts if isinstance(count, int)), default=0)

    def copy_side_tables(self, target: sqlite3.Connection, /) -> None:
        """Bring what is not there yet of the tables that results can do without."""
        for table in SIDE_TABLES:
            target.execute("BEGIN IMMEDIATE")
            try:
                self._copy_table(target, table)
            finally:
                target.execute("COMMIT")
        target.execute(NAME_LEGACY)

    def _copy_table(self, target: sqlite3.Connection, table: str) -> None:
        there = self._names("table_info", table)
        names = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
        # One flipped bit in the schema's text is another name of a column, which is known by its place then.
        taken = (
            dict(zip(there, names, strict=True)) if len(there) == len(names) else {n: n for n in there if n in names}
        )
        into, marks = ", ".join(taken.values()), ", ".join("?" * len(taken))
        for row in self._rows(table, by_number=table == "runs") if taken else ():
            values = [row[name] for name in taken]
            try:
                target.execute(f"INSERT OR IGNORE INTO {table} ({into}) VALUES ({marks})", values)  # noqa: S608 - names of ours
            except sqlite3.IntegrityError:
                continue  # the use of a result that was not salvaged
        if there and (len(taken) < len(there) or table in self._cut):
            self.missed.append(table)

    def _tasks(self) -> Iterator[Task]:
        tags = self._tags()
        read: dict[str, datetime] = {}
        for row in self._rows("tasks"):
            task = _task(row, tags)
            read[task.cache_key] = NEVER_OLDER
            yield task
        if "tasks" in self._cut and not self.is_late:
            yield from self._scanned(read, tags)

    def _tags(self) -> dict[str, set[str]]:
        tags: dict[str, set[str]] = {}
        for row in self._rows("tags", by_number=False):
            tags.setdefault(str(row["cache_key"]), set()).add(str(row["tag"]))
        if "tags" in self._cut and not self.is_late:
            with self._scan() as scan:
                for tag, key in scan.tags():
                    tags.setdefault(key, set()).add(tag)
        return tags

    def _scanned(self, read: dict[str, datetime], tags: dict[str, set[str]]) -> Iterator[Task]:
        """Yield what the pages hold beside what was `read`; of a result that lies there twice, the newer one last."""
        with self._scan() as scan:
            for row in scan.rows():
                if self.is_late:
                    return
                task = _task(row, tags)
                is_one = task.result_type in KINDS and task.updated_at != NO_TIME
                if is_one and task.updated_at > read.get(task.cache_key, NO_TIME):
                    read[task.cache_key] = task.updated_at
                    self.may_revive = not scan.knows_free
                    yield task

    @contextmanager
    def _scan(self) -> Generator[Scan]:
        scan = Scan(self._place, self._fields_of_tasks() or columns_of_tasks())
        try:
            yield scan
        finally:
            # Closed, a file loses the locks of all connections that this process has to it (POSIX, fcntl).
            if not self._is_live:
                scan.close()

    def _rows(self, table: str, *, by_number: bool = True) -> Iterator[Row]:
        """Yield the rows of `table` that can still be read: from the start, from the end, and one by one in between.

        Args:
            table: One of ours.
            by_number: Whether its rows have numbers; without them nothing is read after the first bad page.
        """
        there = self._names("table_info", table)
        names = self._fields_of_tasks() if table == "tasks" else there
        if not names:
            self._cut.add(table)
            return
        columns = ", ".join(there)
        if not by_number:
            yield from (dict(zip(names, row, strict=True)) for row in self._until_error(columns, table, ""))
            return
        first, last = -(2**63), 2**63 - 1
        for number, *row in self._until_error(f"rowid, {columns}", table, "NOT INDEXED ORDER BY rowid"):
            first = number
            yield dict(zip(names, row, strict=True))
        behind = f"NOT INDEXED WHERE rowid > {first} ORDER BY rowid DESC"
        for number, *row in self._until_error(f"rowid, {columns}", table, behind):
            last = number
            yield dict(zip(names, row, strict=True))
        for number in range(max(first + 1, 1, last - LONGEST_GAP), last) if last < 2**63 - 1 else ():
            if self.is_late:
                return
            for row in self._until_error(columns, table, "NOT INDEXED WHERE rowid = ?", number):
                yield dict(zip(names, row, strict=True))

    def _fields_of_tasks(self) -> list[str]:
        """Return what the columns of `tasks` hold, in their order; nothing if the file doesn't tell."""
        there, ours = self._names("table_info"), columns_of_tasks()
        # One flipped bit in the schema's text is another name; each release has the columns in one order.
        places = zip(there, ours, strict=False)
        if len(there) in (FEWEST, len(ours)) and all(name == own or name not in ours for name, own in places):
            return ours[: len(there)]
        # Or it is a comma, and each column behind it seems to hold what belongs to the one before.
        return [] if len(there) > len(ours) and not set(there) >= set(ours) else there

    def _names(self, pragma: str, table: str = "tasks") -> list[str]:
        """Return the names of the columns (`table_info`) or indexes (`index_list`) of a table."""
        try:
            return [row[1] for row in self._connection.execute(f"PRAGMA {pragma}({table})")]
        except sqlite3.Error:
            return []

    def _until_error(self, columns: str, table: str, rest: str, *values: int) -> Iterator[tuple[Any, ...]]:
        read: Callable[[], tuple[Any, ...] | None]
        try:
            read = self._connection.execute(f"SELECT {columns} FROM {table} {rest}", values).fetchone  # noqa: S608 - names of ours
            while not self.is_late and (row := read()) is not None:
                yield row
        except (sqlite3.Error, OverflowError, UnicodeError):
            self._cut.add(table)


class Brought(NamedTuple):
    """What came out of a damaged file."""

    tasks: int
    place: str
    """Where the file lies now."""
    is_all: bool
    """Nothing more can be had of it."""
    may_revive: bool = False
    """As in `Salvage`."""


def bring_over(place: str, target: sqlite3.Connection, /) -> Brought:
    """Bring what the file at `place` holds into a fresh one, as far as that takes no longer than LONGEST_S.

    If nothing more can be had of it, its name gets the ending READ; otherwise `beautyspot repair` goes on.
    """
    count, is_all, may_revive = 0, False, False
    try:
        if os.path.getsize(place) <= LARGEST_BYTES:  # noqa: PTH202 - a path is a text all over this room
            with closing(sqlite3.connect(place, isolation_level=None, timeout=0)) as connection:
                salvage = Salvage(place, connection, time.monotonic() + LONGEST_S)
                for tasks, _ in salvage.chunks():
                    count += len(atomically(target.execute, partial(put_newer, tasks=tasks)))
                    may_revive = salvage.may_revive
                salvage.copy_side_tables(target)
                is_all = bool(count) and not salvage.is_late
            if is_all:
                rename(place, place + READ)
    except Failure:
        is_all = False  # a full disk for one
    return Brought(count, place + READ if is_all else place, is_all, may_revive)


def rename(place: str, target: str, /) -> None:
    """Give a database file another name, with its WAL; the file goes last, so that it is never without it."""
    for ending in ("-wal", "-shm", ""):
        if os.path.exists(place + ending):  # noqa: PTH110 - as above
            os.rename(place + ending, target + ending)  # noqa: PTH104 - as above


def _task(row: Row, tags: dict[str, set[str]]) -> Task:
    return task_of(tuple(map(row.get, FIELDS)), tuple(sorted(tags.get(str(row.get("cache_key")), ()))))


def _is_whole(task: Task) -> bool:
    """Say whether a row is as it was written, as far as it tells."""
    if task.result_type == DAMAGED:
        return False
    data = task.result_data
    if task.result_type == "DIRECT_BLOB" and not isinstance(data, bytes):
        return False
    return not isinstance(data, bytes) or task.checksum is None or crc32(data) == task.checksum
