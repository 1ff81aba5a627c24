"""Records as Redis keeps them, and back: MessagePack arrays, times in microseconds since 1970 UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgpack import packb, unpackb

from beautyspot.db.rows import TASK_TYPES
from beautyspot.errors import DamagedEntryError
from beautyspot.records import DAMAGED, NO_TIME, Entry, Run, Task

LAYOUT = 1
"""Of a row; it grows when a field comes, goes or changes its meaning."""
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The columns of `Task` behind the key. Whoever can write to the server can write anything there.
_OWN = {"result_data": (type(None),), "updated_at": (int,), "expires_at": (int, type(None)), "tags": (list,)}
_TYPES = [{**TASK_TYPES, **_OWN}[name] for name in Task._fields[1:]]
LOCATION, DATA, UPDATED_AT, EXPIRES_AT = (
    Task._fields.index(name) - 1 for name in ("result_value", "result_data", "updated_at", "expires_at")
)


def micros_of(time: datetime, /) -> int:
    """Return microseconds since 1970 UTC."""
    return (time - EPOCH) // MICROSECOND


def time_of(micros: int, /) -> datetime:
    """Return the time, aware, UTC.

    Raises:
        OverflowError: no calendar reaches that far.
    """
    return EPOCH + timedelta(microseconds=micros)


def task_row(task: Task, /) -> bytes:
    """Return every column but the key and the data.

    Raises:
        UnicodeError: a text holds half a surrogate.
    """
    expires_us = None if task.expires_at is None else micros_of(task.expires_at)
    row: Any = task._replace(result_data=None, updated_at=micros_of(task.updated_at), expires_at=expires_us)  # pyright: ignore[reportArgumentType] - a row, not a record
    return packb([LAYOUT, *row[1:]])


def index_names(task: Task, /) -> bytes:
    """Return what the scripts must know to take the row out of its indexes: the function, then each tag."""
    return packb([task.func_name, *task.tags])


def entry_of(key: str, row: object, data: object, /) -> Entry | None:
    """Return the entry whose row and data were read under `key`; None if there is none.

    Raises:
        DamagedEntryError: what lies there can't be read.
    """
    if row is None and data is None:
        return None
    values = _checked(key, row)
    if not isinstance(data, bytes) and (data is not None or values[LOCATION] is None):
        raise DamagedEntryError(f"the row {key!r} holds no value; run its call again")
    values[DATA] = data
    if values[EXPIRES_AT] is not None:
        values[EXPIRES_AT] = _time_in(key, values[EXPIRES_AT])
    return Task(key, *values).entry()


def task_of(key: str, row: object, /) -> Task:
    """Return the task under `key`, without its data.

    Raises:
        DamagedEntryError: `row` is none of ours.
    """
    values = _checked(key, row)
    values[UPDATED_AT] = _time_in(key, values[UPDATED_AT])
    if values[EXPIRES_AT] is not None:
        values[EXPIRES_AT] = _time_in(key, values[EXPIRES_AT])
    values[-1] = tuple(values[-1])
    return Task(key, *values)


def _checked(key: str, row: object) -> list[Any]:
    """Return the values of `Task` behind the key, if each is of its type."""
    values = _values(row)
    fits = len(values) == len(_TYPES) and all(map(isinstance, values, _TYPES))
    if not fits or not all(isinstance(tag, str) for tag in values[-1]):
        raise DamagedEntryError(f"the row {key!r} is no row of this release; run its call again")
    return values


def _time_in(key: str, micros: int) -> datetime:
    try:
        return time_of(micros)
    except OverflowError as error:
        raise DamagedEntryError(f"the row {key!r} holds a time that no calendar has; run its call again") from error


def unreadable(key: str, updated_us: float, /) -> Task:
    """Return what stands for a damaged row in a list, so that it can be seen and deleted."""
    try:
        updated_at = time_of(int(updated_us))
    except (OverflowError, ValueError):
        updated_at = NO_TIME
    return Task(key, "", "", None, DAMAGED, None, None, None, updated_at, None, None, None)


def run_row(run: Run, /) -> bytes:
    """Return every column of the run."""
    row: Any = run._replace(started_at=micros_of(run.started_at))  # pyright: ignore[reportArgumentType] - a row, not a record
    return packb([LAYOUT, *row])


def run_of(row: object, /) -> Run | None:
    """Return the run; None for what can't be read, as a lost run is no lost result."""
    values = _values(row)
    if len(values) != len(Run._fields):
        return None
    run = Run(*values)
    try:
        return run._replace(started_at=time_of(values[6]), tags=tuple(values[19]))
    except (OverflowError, TypeError):
        return None


def _values(row: object) -> list[Any]:
    """Return the values behind the layout; none if it isn't ours."""
    try:
        layout, *values = unpackb(row)  # pyright: ignore[reportArgumentType] - anything may lie there
    except (ValueError, TypeError):  # what msgpack raises for bytes that it can't read, and for what is no bytes
        return []
    return values if layout == LAYOUT else []
