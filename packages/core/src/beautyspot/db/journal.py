"""Activity and runs as SQLite keeps them."""

from __future__ import annotations

from beautyspot.db.kept import atomically
from beautyspot.db.rows import time_of, time_text
from beautyspot.records import Activity, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from beautyspot.db.connections import Connections
    from beautyspot.db.kept import Execute

_SUMS = ", ".join(f"{name} = {name} + excluded.{name}" for name in Activity._fields[2:])

ADD_ACTIVITY = (
    f"INSERT INTO activity ({', '.join(Activity._fields)}) VALUES ({', '.join('?' * len(Activity._fields))}) "  # noqa: S608
    f"ON CONFLICT (func_name, minute) DO UPDATE SET {_SUMS}"
)
ADD_RUN = f"INSERT OR REPLACE INTO runs ({', '.join(Run._fields)}) VALUES ({', '.join('?' * len(Run._fields))})"  # noqa: S608

# By the primary keys, so that a page begins where the one before ended, and nobody's write waits for the whole.
READ_ACTIVITY = (
    f"SELECT {', '.join(Activity._fields)} FROM activity WHERE (func_name, minute) > (?, ?) "  # noqa: S608 - ours
    "ORDER BY func_name, minute LIMIT ?"
)
READ_RUNS = f"SELECT {', '.join(Run._fields)} FROM runs WHERE run_id > ? ORDER BY run_id LIMIT ?"  # noqa: S608 - ours
PAGE = 500
_STARTED, _TAGS = Run._fields.index("started_at"), Run._fields.index("tags")

Read: TypeAlias = "Callable[[Callable[[Execute], Any]], Any]"


def write_each(connections: Connections, statement: str, values: list[tuple[Any, ...]], /) -> None:
    """Write the rows of values in one transaction."""

    def write_all(execute: Execute) -> None:
        for value in values:
            execute(statement, value)

    if values:
        connections.write(lambda execute: atomically(execute, write_all))


def read_activity(read: Read, /) -> Iterator[Activity]:
    """Yield every row of activity."""
    after = ("", "")
    while rows := read(lambda execute, after=after: execute(READ_ACTIVITY, (*after, PAGE)).fetchall()):
        yield from (Activity(row[0], time_of(row[1]), *row[2:]) for row in rows)
        after = rows[-1][:2]


def read_runs(read: Read, /) -> Iterator[Run]:
    """Yield every run."""
    after = ""
    while rows := read(lambda execute, after=after: execute(READ_RUNS, (after, PAGE)).fetchall()):
        yield from map(_run_of, rows)
        after = rows[-1][0]


def _run_of(row: tuple[Any, ...]) -> Run:
    import json  # as below

    run = Run(*row)
    hit = None if run.cache_hit is None else bool(run.cache_hit)
    tags: Any = json.loads(row[_TAGS])
    return run._replace(started_at=time_of(run.started_at), cache_hit=hit, nested=bool(run.nested), tags=tuple(tags))


def activity_row(activity: Activity, /) -> tuple[Any, ...]:
    """Return the values of one row of `activity`."""
    return (activity.func_name, time_text(activity.minute), *activity[2:])


def run_row(run: Run, /) -> tuple[Any, ...]:
    """Return the values of one row of `runs`."""
    return (*run[:_STARTED], time_text(run.started_at), *run[_STARTED + 1 : _TAGS], _tags_text(run.tags), run.details)


def _tags_text(tags: tuple[str, ...]) -> str:
    if not tags:
        return "[]"
    import json  # 4 ms that a plain cache never spends

    return json.dumps(tags)
