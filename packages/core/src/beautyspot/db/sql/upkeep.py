"""Keeping a server's tables in order while others use them: each step is one short transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Connection, bindparam, delete, func, select, tuple_

from beautyspot.db.sql.connections import Connections
from beautyspot.db.sql.rows import aware, plain, task_of, task_parameters
from beautyspot.db.sql.statements import TASKS, USES, Statements, chunks, tags_of, task_columns
from beautyspot.records import Task

FRESH = timedelta(hours=1)
"""A note as young as this stays: who asks which result was not used for longest thinks in days."""

_key, _time = TASKS.c.cache_key, TASKS.c.updated_at
_same = tuple_(_key, _time)
_DELETE = delete(TASKS).returning(TASKS.c.cache_key)
_seen = (
    func.unnest(*(bindparam(name, type_=ARRAY(column.type)) for name, column in (("keys", _key), ("times", _time))))
    .table_valued("key", "time")
    .render_derived("seen")
)
_DELETE_SEEN = _DELETE.where(_key == _seen.c.key, _time == _seen.c.time)
"""In two arrays: 2000 pairs as 4000 parameters would take as long to write and read as to delete; PostgreSQL only."""


class SQLUpkeep:
    """The upkeep of one database."""

    def __init__(self, connections: Connections, statements: Statements) -> None:
        """Work through `connections`."""
        self._connections = connections
        self._statements = statements

    def size_bytes(self) -> int:
        """Return the bytes of all kept values, blobs too."""
        size = func.coalesce(func.sum(func.coalesce(TASKS.c.size_bytes, func.length(TASKS.c.result_data))), 0)
        return int(self._connections.do(lambda kept: kept.sql.execute(select(size)).scalar_one()))

    def tasks_from(self, start: str, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data`, in the order of their keys from `start` on."""
        return self._tasks(TASKS.c.cache_key >= start, limit)

    def expired_tasks(self, now: datetime, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data` whose time to live has passed."""
        return self._tasks(TASKS.c.expires_at < plain(now), limit)

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        statement = select(TASKS.c.cache_key, TASKS.c.updated_at).where(
            TASKS.c.cache_key.in_(bindparam("keys", expanding=True))
        )
        found: dict[str, datetime] = {}
        for chunk in chunks(keys):
            rows = self._connections.unless_resting(
                lambda kept, k=chunk: kept.sql.execute(statement, {"keys": k}).all()
            )
            found.update((key, aware(time)) for key, time in rows)
        return found

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        ordered = sorted(tasks, key=lambda task: task.cache_key)  # as `SQLTaskDB.delete` does
        return self._connections.atomically(lambda sql: [task.cache_key for task in ordered if self._put(sql, task)])

    def delete_unchanged(self, tasks: Sequence[Task], /) -> list[str]:
        """Delete the tasks but those that were kept anew since they were read, and return the keys of what is gone."""
        marks = sorted((task.cache_key, plain(task.updated_at)) for task in tasks)

        def delete_all(sql: Connection) -> list[str]:
            if sql.dialect.name == "postgresql":
                keys, times = [key for key, _ in marks], [time for _, time in marks]
                return list(sql.execute(_DELETE_SEEN, {"keys": keys, "times": times}).scalars())
            gone: list[str] = []
            for chunk in chunks(marks):
                gone += sql.execute(_DELETE.where(_same.in_(chunk))).scalars()
            return gone

        return self._connections.atomically(delete_all) if marks else []

    def _put(self, sql: Connection, task: Task) -> bool:
        words = self._statements
        if sql.execute(words.put_newer, task_parameters(task)).one_or_none() is None:
            return False
        sql.execute(words.delete_tags, {"key": task.cache_key})
        if task.tags:
            sql.execute(words.put_tag, [{"tag": tag, "cache_key": task.cache_key} for tag in task.tags])
        return True

    def _tasks(self, condition: Any, limit: int) -> list[Task]:
        statement = select(*task_columns()).where(condition).order_by(TASKS.c.cache_key).limit(limit)

        def read(sql: Connection) -> list[Task]:
            rows = sql.execute(statement).all()
            tags = tags_of(sql, [row.cache_key for row in rows])
            return [task_of(row, tags.get(row.cache_key, ())) for row in rows]

        return self._connections.do(lambda kept: read(kept.sql))


class SQLUses:
    """When results were last read, in the table `uses`."""

    def __init__(self, connections: Connections, statements: Statements) -> None:
        """Work through `connections`."""
        self._connections = connections
        self._note = statements.note_use

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        """Note in one transaction that the results were read, but those noted in the hour before, or gone."""
        times = {"used_at": plain(used_at), "bound": plain(used_at - FRESH)}
        values = [{"key": key, **times} for key in sorted(set(keys))]
        if values:
            self._connections.atomically(lambda sql: sql.execute(self._note, values))

    def last(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when the results were last read; one that isn't named was not since it was kept."""
        # A row that is written anew keeps its note: taking that away would make every put slower.
        statement = (
            select(USES.c.cache_key, USES.c.used_at)
            .join(TASKS, TASKS.c.cache_key == USES.c.cache_key)
            .where(USES.c.used_at > TASKS.c.updated_at, USES.c.cache_key.in_(bindparam("keys", expanding=True)))
        )
        found: dict[str, datetime] = {}
        for chunk in chunks(keys):
            rows = self._connections.do(lambda kept, k=chunk: kept.sql.execute(statement, {"keys": k}).all())
            found.update((key, aware(time)) for key, time in rows)
        return found
