"""A database of tasks behind a SQLAlchemy URL."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from beautyspot.checks import expect
from beautyspot.db import forks
from beautyspot.db.sql.rows import activity_parameters, entry_of, run_parameters, task_parameters
from beautyspot.endings import at_end_of
from beautyspot.protocols import KeyLocks
from beautyspot.records import Activity, Entry, LimitRate, Run, Task, TaskFilter

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from beautyspot.db.sql.kept import Kept
    from beautyspot.db.sql.upkeep import SQLUpkeep, SQLUses


class SQLTaskDB:
    """Keeps rows on a server, for any number of threads, processes and machines.

    Tested with PostgreSQL through psycopg 3. Behind a pooler that lends no whole sessions keys are locked per process.
    Nothing is made before the first use.
    """

    def __init__(self, url: str, *, max_connections: int = 8) -> None:
        """Look at the database, if it can be reached.

        Args:
            url: A SQLAlchemy URL; `postgresql://` means psycopg 3. In its query libpq's parameters, such as
                `connect_timeout=5` (s), and `statement_timeout=10000` (ms).
            max_connections: Of one process for its rows, besides one for its key locks; more threads share them.

        Raises:
            ConfigurationError: the URL is none, or its driver is not here.
            NewerFileError: a later release made the tables.
        """
        is_count = isinstance(max_connections, int) and not isinstance(max_connections, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_count and max_connections >= 1, "max_connections", max_connections, "a whole number from 1")
        # SQLAlchemy and SQLModel cost 300 ms, which naming this class must not.
        from beautyspot.db.sql import statements, urls
        from beautyspot.db.sql.connections import Connections
        from beautyspot.db.sql.locks import AdvisoryLocks, FreeLocks

        address = urls.address_of(url)
        engine = urls.engine_at(address)
        self.name: str = address.name
        self.canonical_name: str = urls.canonical_name(engine)
        self._connections = Connections(engine, self.name, max_connections)
        self._statements = words = statements.Statements(engine.dialect)
        self._is_psycopg = urls.speaks_psycopg(engine)
        self._locks: AdvisoryLocks | FreeLocks = FreeLocks()
        if self._is_psycopg:
            self._get = words.native(words.get)
            self._put, self._put_tagged = words.native(words.put_whole()), words.native(words.put_tagged())
            self._locks = AdvisoryLocks(self._connections)
        self._connections.refuse_newer()
        forks.follow(self._connections)
        at_end_of(self, self._connections.close)
        at_end_of(self, self._locks.close)

    def __repr__(self) -> str:
        """Name the database, without its password."""
        return f"SQLTaskDB({self.name!r})"

    def open(self) -> None:
        """Connect now, and make or upgrade the tables.

        Raises:
            StorageError: they can't be.
        """
        self.get("")

    def get(self, key: str, /) -> Entry | None:
        """Return the entry kept under `key`, expired or not."""
        if self._locks.absent and self._locks.forget_absence(key):
            return None
        row = self._connections.unless_resting(partial(self._look, key))
        return None if row is None else entry_of(row)

    def _look(self, key: str, kept: "Kept") -> Any:
        if self._is_psycopg:
            kept.execute(self._get, {"key": key})
            return kept.fetchone()
        return kept.sql.execute(self._statements.get, {"key": key}).one_or_none()

    def put(self, task: Task, /) -> None:
        """Keep `task` with its tags, replacing what was under its key."""
        self._locks.forget_absence(task.cache_key)
        values = {**task_parameters(task), "key": task.cache_key}
        if not self._is_psycopg:
            self._connections.atomically(lambda sql: self._put_parts(sql, [task]))
            return
        text = self._put
        if task.tags:
            text, values["tags"] = self._put_tagged, list(task.tags)
        self._connections.unless_resting(lambda kept: kept.execute(text, values))

    def get_many(self, keys: Sequence[str], /) -> dict[str, Entry]:
        """Return what is kept under those of `keys` that are there, expired or not."""
        from beautyspot.db.sql.statements import chunks  # SQLAlchemy, as above

        get, found = self._statements.get_many, dict[str, Entry]()
        for chunk in chunks(keys):
            rows = self._connections.unless_resting(
                lambda kept, keys=chunk: kept.sql.execute(get, {"keys": keys}).all()
            )
            found.update((row[0], entry_of(row[1:])) for row in rows)
        return found

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Keep each of the tasks as `put` does, all or none; of two under one key, the later."""
        last = {task.cache_key: task for task in tasks}
        for key in last:
            self._locks.forget_absence(key)
        ordered = [last[key] for key in sorted(last)]  # as `delete` does
        if ordered:
            self._connections.refuse_while_resting()
            self._connections.atomically(lambda sql: self._put_parts(sql, ordered))

    def _put_parts(self, sql: "Connection", tasks: Sequence[Task]) -> None:
        sql.execute(self._statements.delete_tags, [{"key": task.cache_key} for task in tasks])
        sql.execute(self._statements.put, [task_parameters(task) for task in tasks])
        tags = [{"tag": tag, "cache_key": task.cache_key} for task in tasks for tag in task.tags]
        if tags:
            sql.execute(self._statements.put_tag, tags)

    def delete(self, keys: Iterable[str], /) -> int:
        """Delete the rows under `keys` and their tags, all or none, and return how many there were."""
        ordered = sorted(set(keys))  # so that two who delete the same rows don't wait for each other in a circle
        if not ordered:
            return 0
        from beautyspot.db.sql.statements import chunks  # SQLAlchemy, as above

        delete = self._statements.delete
        return self._connections.atomically(
            lambda sql: sum([sql.execute(delete, {"keys": chunk}).rowcount for chunk in chunks(ordered)])
        )

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks, newest first, without `result_data`."""
        from beautyspot.db.sql import listing  # SQLAlchemy, as above

        return listing.find(self._read, where)

    def _read(self, operation: "Callable[[Connection], Any]") -> Any:
        """Read as `Connections.do` does; a `find` that holds this method holds the database, which stays open."""
        return self._connections.do(lambda kept: operation(kept.sql))

    @property
    def locks(self) -> KeyLocks:
        """The key locks: advisory ones of PostgreSQL; elsewhere every key is free."""
        return self._locks

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        """Set TAT = max(TAT, now) + increment in one step and return the new TAT, in seconds since 1970 UTC."""
        values = {"limit": name, "now_s": now_s, "increment_s": increment_s}
        advance = self._statements.advance
        # Done twice, after an answer that was lost, it grants less than the rate and never more.
        return self._connections.do(lambda kept: float(kept.sql.execute(advance, values).scalar_one()))

    def restore_limit(self, name: str, tat_s: float, increment_s: float, /) -> bool:
        """Take `increment_s` off the TAT if it still is `tat_s`, and say whether it was."""
        values = {"limit": name, "at_s": tat_s, "increment_s": increment_s}
        restore = self._statements.restore
        return self._connections.atomically(lambda sql: sql.execute(restore, values).rowcount) > 0

    def note_limit_rate(self, name: str, rate: LimitRate, /) -> LimitRate | None:
        """Note the rate beside the TAT, where it stays until another one is noted, and return what stood there."""
        words, limit = self._statements, {"limit": name}
        row = self._connections.do(lambda kept: kept.sql.execute(words.limit_rate, limit).one_or_none())
        noted = None if row is None or None in row else LimitRate(*row)
        if noted != rate:
            values = {**limit, "new_tokens_per_minute": rate.tokens_per_minute, "new_burst": rate.burst}
            self._connections.do(lambda kept: kept.sql.execute(words.note_limit_rate, values))
        return noted

    def origin(self, scope: str, /) -> str | None:
        """Return the path that was noted last for the functions whose keys have that scope in common."""
        origin = self._statements.origin
        return self._connections.unless_resting(
            lambda kept: kept.sql.execute(origin, {"of": scope}).scalar_one_or_none()
        )

    def note_origin(self, scope: str, path: str, /) -> None:
        """Note the absolute path of the file that results of the scope are kept by from now on."""
        note, values = self._statements.note_origin, {"new_scope": scope, "new_path": path}
        self._connections.unless_resting(lambda kept: kept.sql.execute(note, values))

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        """Add the counts to those kept for the same function and minute, in one transaction."""
        if not rows:
            return
        from beautyspot.db.sql.journal import add_activity  # SQLAlchemy, as above

        # In one order, so that two processes don't wait for each other in a circle.
        values = [activity_parameters(row) for row in sorted(rows)]
        self._connections.refuse_while_resting()  # the journal holds them, and writes them later
        add_activity(self._connections, self._statements.add_activity, values)

    def add_runs(self, rows: Sequence[Run], /) -> None:
        """Keep the runs, replacing those of the same id, in one transaction."""
        self._write_each(self._statements.add_run, [run_parameters(row) for row in rows])

    def read_activity(self) -> Iterator[Activity]:
        """Yield every row of activity."""
        from beautyspot.db.sql import journal  # SQLAlchemy, as above

        return journal.read_activity(self._read)

    def read_runs(self) -> Iterator[Run]:
        """Yield every run."""
        from beautyspot.db.sql import journal  # SQLAlchemy, as above

        return journal.read_runs(self._read)

    @property
    def uses(self) -> "SQLUses":
        """The notes of last use."""
        from beautyspot.db.sql.upkeep import SQLUses  # SQLAlchemy, as above

        return SQLUses(self._connections, self._statements)

    @property
    def upkeep(self) -> "SQLUpkeep":
        """What keeping the database in order takes."""
        from beautyspot.db.sql.upkeep import SQLUpkeep  # SQLAlchemy, as above

        return SQLUpkeep(self._connections, self._statements)

    def _write_each(self, statement: Any, values: list[dict[str, Any]]) -> None:
        if values:
            self._connections.refuse_while_resting()  # the journal holds them, and writes them later
            self._connections.atomically(lambda sql: sql.execute(statement, values))

    def wake(self) -> None:
        """Ask the server again, though it was silent a moment ago."""
        self._connections.wake()

    def close(self) -> None:
        """Give every connection back. A closed database opens again when it is used."""
        self._connections.close()
        self._locks.close()


def open_sql(url: str, /, **_options: Any) -> SQLTaskDB:
    """Return the database at `url`; it has no use for the options of a file."""
    return SQLTaskDB(url)
