"""Many rows of a SQLite file in one go."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from beautyspot.batched import batched
from beautyspot.db.connections import Connections
from beautyspot.db.kept import Execute, atomically
from beautyspot.db.rows import entry_of, task_row
from beautyspot.db.sqlite import PUT, PUT_TAG, REPLACE
from beautyspot.records import Entry, Task

CHUNK = 500
"""Keys in one statement."""
GET = f"SELECT cache_key, {', '.join(Entry._fields)} FROM tasks WHERE cache_key IN ({{}})"  # noqa: S608 - ours
_entry: Callable[[tuple[Any, ...]], Entry] = partial(tuple.__new__, Entry)  # pyright: ignore[reportUnknownMemberType]
DELETE = "DELETE FROM {} WHERE cache_key IN ({})"


def chunks(keys: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    """Yield `keys` in parts that one statement can take, and the question marks for each."""
    for chunk in batched(keys, CHUNK):
        yield chunk, ",".join("?" * len(chunk))


def get_many(execute: Execute, keys: Sequence[str]) -> dict[str, Entry]:
    """Return what is kept under those of `keys` that are there."""
    found: dict[str, Entry] = {}
    for chunk, marks in chunks(keys):
        for row in execute(GET.format(marks), chunk).fetchall():
            # What most rows are, in a third of the time.
            is_plain = type(row[2]) is bytes and type(row[5]) is float and row[4] is None
            found[row[0]] = _entry(row[1:]) if is_plain else entry_of(row[1:])
    return found


def put_many(connections: Connections, tasks: Sequence[Task]) -> None:
    """Keep the tasks in one transaction, and in a second those that replace others.

    Raises:
        StorageError: they can't be kept.
    """
    last = list({task.cache_key: task for task in tasks}.values())
    # New rows, as most are, are no change to what anybody holds.
    there = connections.write(lambda execute: atomically(execute, partial(_put_all, PUT, last)), keeps_result=True)
    if there:
        replace = partial(_put_all, REPLACE, there)
        connections.change(lambda execute: atomically(execute, replace), keeps_result=True)


def delete_many(execute: Execute, keys: Iterable[str]) -> int:
    """Delete the rows under `keys` and their tags, in whoever's transaction this is, and return how many there were."""
    count = 0
    for chunk, marks in chunks(keys):
        execute(DELETE.format("tags", marks), chunk)
        count += execute(DELETE.format("tasks", marks), chunk).rowcount
    return count


def _put_all(statement: str, tasks: Sequence[Task], execute: Execute) -> list[Task]:
    """Keep the tasks, and return those that `statement` left as they were."""
    left: list[Task] = []
    for task in tasks:
        if not execute(statement, task_row(task)).rowcount:
            left.append(task)
            continue
        for tag in task.tags:
            execute(PUT_TAG, (tag, task.cache_key))
    return left
