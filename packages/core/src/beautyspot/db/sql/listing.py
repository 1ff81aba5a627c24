"""Many rows, read in chunks: an open transaction would keep the server from cleaning up behind writers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from beautyspot.db.sql import statements
from beautyspot.db.sql.rows import task_of
from beautyspot.records import Task, TaskFilter

Read = Callable[[Callable[[Connection], Any]], Any]


def find(read: Read, where: TaskFilter, /) -> Iterator[Task]:
    """Yield the tasks that `where` means, newest first.

    The keys are read at once, and the rows as they are asked for; one that changed in between and doesn't match any
    more is left out.
    """
    keys: list[str] = read(lambda sql: list(sql.execute(statements.keys_of(where)).scalars()))
    for chunk in statements.chunks(keys):
        yield from read(lambda sql, chunk=chunk: _tasks(sql, chunk, where))


def _tasks(sql: Connection, keys: Sequence[str], where: TaskFilter) -> list[Task]:
    rows = {row.cache_key: tuple(row) for row in sql.execute(statements.tasks_of(where), {"keys": keys})}
    tags = statements.tags_of(sql, list(rows))
    return [task_of(rows[key], tags.get(key, ())) for key in keys if key in rows]
