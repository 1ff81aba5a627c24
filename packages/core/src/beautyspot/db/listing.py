"""Many rows of a SQLite file, without standing in a writer's way."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from beautyspot.checks import expect
from beautyspot.db.filters import condition
from beautyspot.db.kept import Execute
from beautyspot.db.rows import TASK_COLUMNS, task_of, text_of
from beautyspot.errors import ConfigurationError
from beautyspot.records import Task, TaskFilter

if TYPE_CHECKING:
    from array import array

    from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - an extra, without stubs

CHUNK = 500
COLUMNS = TASK_COLUMNS.replace("result_data", "NULL")
Read = Callable[[Callable[[Execute], Any]], Any]


def find(read: Read, where: TaskFilter, /) -> Iterator[Task]:
    """Yield the tasks that `where` means, newest first, read in chunks.

    A reader that keeps its transaction open lets the WAL grow and makes every update a hundred times slower, and
    paging by time sorts the table anew for each page. So the row numbers are read at once (8 bytes each), and the
    rows as they are asked for; one that changed in between and doesn't match any more is left out.
    """
    clause, values = condition(where)
    numbers = read(lambda execute: _numbers(execute, clause, values))
    for start in range(0, len(numbers), CHUNK):
        chunk = numbers[start : start + CHUNK]
        yield from read(lambda execute, chunk=chunk: _tasks(execute, chunk, clause, values))


def _numbers(execute: Execute, clause: str, values: list[str]) -> "array[int]":
    from array import array  # a shared library that a hit has no use for

    statement = f"SELECT rowid FROM tasks WHERE {clause} ORDER BY updated_at DESC, rowid DESC"  # noqa: S608 - ours
    return array("q", (row[0] for row in execute(statement, values)))


def _tasks(execute: Execute, numbers: "array[int]", clause: str, values: list[str]) -> list[Task]:
    marks = ", ".join("?" * len(numbers))
    statement = f"SELECT rowid, {COLUMNS} FROM tasks WHERE rowid IN ({marks}) AND {clause}"  # noqa: S608 - ours
    rows = {row[0]: row[1:] for row in execute(statement, [*numbers, *values])}
    tags = tags_of(execute, [row[0] for row in rows.values()])
    return [task_of(rows[number], tuple(tags.get(rows[number][0], ()))) for number in numbers if number in rows]


def tags_of(execute: Execute, keys: list[str]) -> dict[str, list[str]]:
    """Return the tags of each task that has any."""
    marks = ", ".join("?" * len(keys))
    tags: dict[str, list[str]] = {}
    statement = f"SELECT cache_key, tag FROM tags WHERE cache_key IN ({marks}) ORDER BY tag"  # noqa: S608 - ours
    for key, tag in execute(statement, keys):
        tags.setdefault(key, []).append(text_of(tag))
    return tags


def history(tasks: Iterable[Task], limit: int, /) -> "DataFrame":
    """Return the first `limit` tasks as a data frame.

    Raises:
        ConfigurationError: `limit` is no number of rows, or pandas is not installed.
    """
    is_count = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0  # pyright: ignore[reportUnnecessaryIsInstance]
    expect(is_count, "limit", limit, "a whole number of rows from 0")
    try:
        from pandas import DataFrame  # pyright: ignore[reportMissingTypeStubs] - as above, and 330 ms
    except ImportError as error:
        raise ConfigurationError("a history is a pandas data frame; pip install 'beautyspot[data]'") from error
    columns = [field for field in Task._fields if field != "result_data"]
    rows = [[getattr(task, column) for column in columns] for task in islice(tasks, limit)]
    return DataFrame(rows, columns=columns)
