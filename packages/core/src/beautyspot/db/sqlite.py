"""The default database: one SQLite file, through the standard library alone."""

from __future__ import annotations

import os
from functools import partial
from time import monotonic
from zlib import crc32

from beautyspot.checks import expect_size
from beautyspot.db import forks
from beautyspot.db.connections import Connections
from beautyspot.db.faults import Failure
from beautyspot.db.kept import atomically
from beautyspot.db.locks import FileLocks
from beautyspot.db.memory_tier import MEMORY_BYTES, MemoryTier
from beautyspot.db.ownership import look
from beautyspot.db.rows import TASK_COLUMNS, entry_of, task_row, time_of
from beautyspot.endings import at_end_of
from beautyspot.errors import ConfigurationError
from beautyspot.records import ZSTD_MAGIC, Entry, TaskFilter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal

    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - an extra, without stubs

    from beautyspot.db.kept import Execute
    from beautyspot.db.upkeep import SQLiteUpkeep
    from beautyspot.db.uses import SQLiteUses
    from beautyspot.records import Activity, LimitRate, Run, Task

# Each column costs 0.1 µs. An inline value, as most are, needs no more than these three.
GET_INLINE = "SELECT result_data, expires_at, elapsed_s, checksum FROM tasks WHERE cache_key = ?"
GET = f"SELECT {', '.join(Entry._fields)} FROM tasks WHERE cache_key = ?"  # noqa: S608 - ours
PUT = f"INSERT OR IGNORE INTO tasks ({TASK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours
# The foreign key of `tags` takes the tags of the row it replaces along.
REPLACE = PUT.replace("IGNORE", "REPLACE", 1)
PUT_TAG = "INSERT OR IGNORE INTO tags (tag, cache_key) VALUES (?, ?)"
_entry: Callable[[tuple[Any, ...]], Entry] = partial(tuple.__new__, Entry)  # pyright: ignore[reportUnknownMemberType]


class SQLiteTaskDB:
    """Keeps rows in a file, for any number of threads and processes of one machine.

    Nothing is opened or made before the first use. `find` and `get_history` don't hold up writers.
    """

    reads_locally = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Literal["normal", "full"] = "normal",
        busy_timeout_s: float = 10.0,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Look at the file, if there is one.

        Args:
            path: Taken from the working directory of now; a later `os.chdir` changes nothing.
            durability: `full` survives a power cut as well, and waits for the disk at each write.
            busy_timeout_s: Longest wait for processes and threads that hold the file; on an event loop a read, which
                waits for those alone that shut readers out, waits a second at most.
            memory_bytes: Most that this process holds of the inline rows it read last; 0 for nothing.

        Raises:
            NewerFileError: a later release wrote the file.
            ConfigurationError: another program wrote the file, or `durability` is neither word.
        """
        if durability not in ("normal", "full"):
            raise ConfigurationError(f"unknown durability {durability!r}; give 'normal' or 'full'")
        self.path: str = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - pathlib is 3 ms to import
        look(self.path)
        self._connections = Connections(self.path, durability, busy_timeout_s)
        self._memory = MemoryTier(self._connections, expect_size("memory_bytes", memory_bytes))
        self._locks = FileLocks(f"{self.path}-locks")
        self._holds_legacy: bool | None = None
        forks.follow(self._connections)
        forks.follow(self._memory)
        # Also at the interpreter's exit; it must not know `self`, which would then never be dropped.
        at_end_of(self, self._connections.close)

    def __repr__(self) -> str:
        """Name the file."""
        return f"SQLiteTaskDB({self.path!r})"

    def open(self) -> None:
        """Make or upgrade the file now, or raise `StorageError`."""
        self._connections.read(lambda execute: execute(GET, ("",)).fetchone())

    def get(self, key: str, /) -> Entry | None:
        """Return the entry kept under `key`, expired or not; without its checksum if its bytes agreed with it."""
        memory = self._memory
        if monotonic() >= memory.check_at_s:
            memory.check()
        generation, held = memory.generation, memory.held
        stamp = generation.view[0] + generation.salt  # before the row is read: see `Generation`
        found = held.get(key)
        try:
            if found is not None and found[0] == stamp:
                held.move_to_end(key)
                return found[1]
            kept = self._connections.mine.kept
            with kept.lock:
                select, kept.select = kept.select, kept.execute  # a call of this thread in between takes another cursor
                try:
                    row = select(GET_INLINE, (key,)).fetchone()
                finally:
                    kept.select = select
            if row is None:
                return None
            data, expires_at, elapsed_s, checksum = row
            # What begins like a frame is compressed if its row says so, which this statement doesn't ask.
            if type(data) is bytes and type(elapsed_s) is float and data[:4] != ZSTD_MAGIC:
                expires_at = None if expires_at is None else time_of(expires_at)
                if checksum is not None and crc32(data) == checksum:
                    checksum = None  # compared here, once, not at each hit from memory
                # In half the time of Entry(…).
                entry = _entry(("DIRECT_BLOB", data, None, expires_at, elapsed_s, checksum, None))
                memory.hold(key, entry, stamp)
                return entry
        except (AttributeError, KeyError, *Failure):
            pass  # driven out in this moment, no connection yet, or one in trouble
        # Slower, but with more patience, and for blobs and what earlier releases or damage left as well.
        row = self._connections.read(lambda execute: execute(GET, (key,)).fetchone())
        if row is None:
            return None
        entry = entry_of(row)
        if entry.compression is not None and entry.result_data is not None:
            memory.hold(key, entry, stamp)
        return entry

    def put(self, task: Task, /) -> None:
        """Keep `task` with its tags, replacing what was under its key."""
        row, tags = task_row(task), [(tag, task.cache_key) for tag in task.tags]

        def put_by(statement: str) -> Callable[[Execute], int]:
            def put_row(execute: Execute) -> int:
                count = execute(statement, row).rowcount
                for tag in tags if count else ():
                    execute(PUT_TAG, tag)
                return count

            return (lambda execute: atomically(execute, put_row)) if tags else put_row

        # A new row, as most are, is no change to what anybody holds.
        if not self._connections.write(put_by(PUT), keeps_result=True):
            self._connections.change(put_by(REPLACE), keeps_result=True)
        elif self._memory.serves(task.cache_key):  # another process deleted it just now, and hasn't told of it yet
            self._connections.generation.renew()

    def delete(self, keys: Iterable[str], /) -> int:
        """Delete the rows under `keys` and their tags, all or none, and return how many there were."""
        from beautyspot.db.batches import delete_many  # no hit deletes

        keys = list(keys)
        if not keys:
            self._connections.generation.renew()  # what was to go may be gone, and whoever deleted it not have told yet
            return 0
        return self._connections.change(lambda execute: atomically(execute, partial(delete_many, keys=keys)))

    def get_many(self, keys: Sequence[str], /) -> dict[str, Entry]:
        """Return what is kept under those of `keys` that are there, expired or not."""
        from beautyspot.db.batches import get_many  # most calls read one row

        return self._connections.read(lambda execute: get_many(execute, keys))

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Keep each of the tasks as `put` does; of two under one key, the later."""
        from beautyspot.db.batches import put_many  # as above

        put_many(self._connections, tasks)

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks, newest first, without `result_data`."""
        from beautyspot.db import listing  # a hit reads one row

        return listing.find(self._read, where)

    def _read(self, operation: Callable[[Execute], Any]) -> Any:
        """Read as `Connections.read` does; a `find` that holds this method holds the database, which stays open."""
        return self._connections.read(operation)

    @property
    def locks(self) -> FileLocks:
        """The key locks, in a file beside this one."""
        return self._locks

    @property
    def uses(self) -> SQLiteUses:
        """When results were last read."""
        from beautyspot.db.uses import SQLiteUses  # not on the way to the first hit

        return SQLiteUses(self._connections)

    @property
    def upkeep(self) -> SQLiteUpkeep:
        """What keeps the file in order."""
        from beautyspot.db.upkeep import SQLiteUpkeep  # as above

        return SQLiteUpkeep(self._connections)

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        """Set TAT = max(TAT, now) + increment in one step and return the new TAT, in seconds since 1970 UTC."""
        from beautyspot.db import limits  # a hit is free

        return limits.advance(self._connections, name, now_s, increment_s)

    def restore_limit(self, name: str, tat_s: float, increment_s: float, /) -> bool:
        """Take `increment_s` off the TAT if it still is `tat_s`, and say whether it was."""
        from beautyspot.db import limits  # as above

        return limits.restore(self._connections, name, tat_s, increment_s)

    def note_limit_rate(self, name: str, rate: LimitRate, /) -> LimitRate | None:
        """Note the rate beside the TAT, where it stays until another one is noted, and return what stood there."""
        from beautyspot.db import limits  # as above

        return limits.note_rate(self._connections, name, rate)

    def origin(self, scope: str, /) -> str | None:
        """Return the path that was noted last for the functions whose keys have that scope in common."""
        from beautyspot.db import origins  # for the first hit of a function and its first miss

        return origins.get(self._connections, scope)

    def note_origin(self, scope: str, path: str, /) -> None:
        """Note the absolute path of the file that results of the scope are kept by from now on."""
        from beautyspot.db import origins  # as above

        origins.note(self._connections, scope, path)

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        """Add the counts to those kept for the same function and minute, in one transaction."""
        from beautyspot.db import journal  # written every few seconds, and never on a hit

        journal.write_each(self._connections, journal.ADD_ACTIVITY, [journal.activity_row(row) for row in rows])

    def add_runs(self, rows: Sequence[Run], /) -> None:
        """Keep the runs, replacing those of the same id, in one transaction."""
        from beautyspot.db import journal  # as above

        journal.write_each(self._connections, journal.ADD_RUN, [journal.run_row(row) for row in rows])

    def read_activity(self) -> Iterator[Activity]:
        """Yield every row of activity."""
        from beautyspot.db import journal  # as above

        return journal.read_activity(self._read)

    def read_runs(self) -> Iterator[Run]:
        """Yield every run."""
        from beautyspot.db import journal  # as above

        return journal.read_runs(self._read)

    def holds_legacy(self) -> bool:
        """Say whether the file was upgraded with rows of releases 0.3 to 2.x in it; False while it can't be read."""
        if self._holds_legacy is None:
            from beautyspot.db import legacy  # not on the way to the first hit

            self._holds_legacy = legacy.holds_any(self._read)
        return bool(self._holds_legacy)

    def get_legacy(self, key: str, /) -> Task | None:
        """Return the whole row that an earlier release kept under `key`."""
        from beautyspot.db import legacy  # as above

        return legacy.get(self._read, key)

    def claim_legacy(self, name: str, func_name: str, /) -> str:
        """Let `func_name` claim the bare function name of the old rows, unless another did, and return who holds it.

        In a file that can't be written the claim is not recorded.
        """
        from beautyspot.db import legacy  # as above

        return legacy.claim(self._connections, name, func_name)

    def get_history(self, limit: int = 1000) -> DataFrame:
        """Return the newest `limit` tasks as a data frame without `result_data`, as release 2.0 did.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        from beautyspot.db import listing  # as in `find`

        return listing.history(self.find(TaskFilter()), limit)

    def close(self) -> None:
        """Give every connection back. A closed database opens again when it is used."""
        self._connections.close()
        self._memory.close()
        self._holds_legacy = None
