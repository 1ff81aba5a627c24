"""Many rows, read in chunks: an open transaction would keep the server from cleaning up behind writers."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection

from beautyspot.db.sql import statements
from beautyspot.db.sql.rows import task_of
from beautyspot.records import Task, TaskFilter

CHUNK = 500
Read = Callable[[Callable[[Connection], Any]], Any]


def find(read: Read, where: TaskFilter, /) -> Iterator[Task]:
    """Yield the tasks that `where` means, newest first.

    The keys are read at once, and the rows as they are asked for; one that changed in between and doesn't match any
    more is left out.
    """
    keys: list[str] = read(lambda sql: list(sql.execute(statements.keys_of(where)).scalars()))
    for start in range(0, len(keys), CHUNK):
        yield from read(lambda sql, chunk=keys[start : start + CHUNK]: _tasks(sql, chunk, where))


def _tasks(sql: Connection, keys: list[str], where: TaskFilter) -> list[Task]:
    rows = {row.cache_key: tuple(row) for row in sql.execute(statements.tasks_of(where), {"keys": keys})}
    tags: dict[str, list[str]] = {}
    for row in sql.execute(statements.tags_of(), {"keys": list(rows)}):
        tags.setdefault(row.cache_key, []).append(row.tag)
    return [task_of(rows[key], tuple(tags.get(key, ()))) for key in keys if key in rows]
