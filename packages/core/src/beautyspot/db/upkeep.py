"""Keeping a SQLite file in order while others use it: a few rows at a time, each step a short transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from beautyspot.counters import COUNTS
from beautyspot.db.batches import chunks, delete_many
from beautyspot.db.connections import Connections
from beautyspot.db.kept import Execute, atomically
from beautyspot.db.listing import COLUMNS, tags_of
from beautyspot.db.rows import TASK_COLUMNS, task_of, task_row, time_of, time_text
from beautyspot.db.sqlite import PUT_TAG
from beautyspot.records import Task

SIZE = (
    "SELECT (SELECT coalesce(sum(size_bytes), 0) FROM functions) + coalesce(sum("  # noqa: S608 - words of ours
    f"{COUNTS['size_bytes'].format('')}), 0) FROM tasks WHERE rowid > (SELECT up_to FROM counted)"
)
FROM_KEY = f"SELECT {COLUMNS} FROM tasks WHERE cache_key >= ? ORDER BY cache_key LIMIT ?"  # noqa: S608 - names of ours
EXPIRED = f"SELECT {COLUMNS} FROM tasks WHERE expires_at < ? LIMIT ?"  # noqa: S608 - as above
UPDATED_AT = "SELECT cache_key, updated_at FROM tasks WHERE cache_key IN ({})"
INSERT = f"INSERT INTO tasks ({TASK_COLUMNS}) VALUES ({', '.join('?' * len(Task._fields[:-1]))})"  # noqa: S608
HOLDERS = "SELECT func_name, claimed_by FROM legacy_names"
ADD_HOLDER = (
    "INSERT INTO legacy_names (func_name, claimed_by) VALUES (?, ?) "
    "ON CONFLICT (func_name) DO UPDATE SET claimed_by = coalesce(claimed_by, excluded.claimed_by)"
)


class SQLiteUpkeep:
    """The upkeep of one file."""

    def __init__(self, connections: Connections) -> None:
        """Work through `connections`."""
        self._connections = connections

    def size_bytes(self) -> int:
        """Return the bytes of all kept values, blobs too."""
        return self._connections.read(lambda execute: execute(SIZE).fetchone())[0]

    def tasks_from(self, start: str, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data`, in the order of their keys from `start` on."""
        return self._connections.read(lambda execute: _tasks(execute, FROM_KEY, (start, limit)))

    def expired_tasks(self, now: datetime, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data` whose time to live has passed."""
        return self._connections.read(lambda execute: _tasks(execute, EXPIRED, (time_text(now), limit)))

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        return self._connections.read(lambda execute: _updated_at(execute, keys))

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        return self._connections.change(lambda execute: atomically(execute, partial(put_newer, tasks=tasks)))

    def delete_unchanged(self, tasks: Sequence[Task], /) -> list[str]:
        """Delete the tasks but those that were kept anew since they were read, and return the keys of what is gone."""

        def delete_all(execute: Execute) -> list[str]:
            there = _updated_at(execute, [task.cache_key for task in tasks])
            keys = [task.cache_key for task in tasks if there.get(task.cache_key) == task.updated_at]
            delete_many(execute, keys)
            return keys

        return self._connections.change(lambda execute: atomically(execute, delete_all))

    def replace_unchanged(self, listed: Task, task: Task, /) -> bool:
        """Keep `task` in place of the `listed` one of its key, unless that was kept anew; say whether it is there."""

        def replace(execute: Execute) -> bool:
            if _updated_at(execute, [listed.cache_key]).get(listed.cache_key) != listed.updated_at:
                return False
            delete_many(execute, [listed.cache_key])
            return bool(put_newer(execute, [task]))

        return self._connections.change(lambda execute: atomically(execute, replace))

    def legacy_holders(self) -> dict[str, str | None]:
        """Return which function holds each bare name of the rows of releases 0.3 to 2.x; None where none does yet."""
        return dict(self._connections.read(lambda execute: execute(HOLDERS).fetchall()))

    def add_legacy_holders(self, holders: Mapping[str, str | None], /) -> None:
        """Let the rows of releases 0.3 to 2.x under these names be hits, for their holder alone if there is one."""

        def add(execute: Execute) -> None:
            for holder in holders.items():
                execute(ADD_HOLDER, holder)

        self._connections.write(lambda execute: atomically(execute, add))


def put_newer(execute: Execute, tasks: Sequence[Task]) -> list[str]:
    """Keep the tasks as `SQLiteUpkeep.put_newer` does, in whoever's transaction this is."""
    there = _updated_at(execute, [task.cache_key for task in tasks])
    newer = [t for t in tasks if t.cache_key not in there or there[t.cache_key] < t.updated_at]
    keys = [task.cache_key for task in newer]
    delete_many(execute, [key for key in keys if key in there])
    for task in newer:
        execute(INSERT, task_row(task))
        for tag in task.tags:
            execute(PUT_TAG, (tag, task.cache_key))
    return keys


def _tasks(execute: Execute, statement: str, values: tuple[Any, ...]) -> list[Task]:
    rows = execute(statement, values).fetchall()
    tags = tags_of(execute, [row[0] for row in rows])
    return [task_of(row, tuple(tags.get(row[0], ()))) for row in rows]


def _updated_at(execute: Execute, keys: Sequence[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for chunk, marks in chunks(keys):
        rows = execute(UPDATED_AT.format(marks), chunk)
        found.update((key, time_of(text)) for key, text in rows)
    return found
