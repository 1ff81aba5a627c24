"""Records as SQLite keeps them, and back: times are text in UTC without a zone, `YYYY-MM-DD HH:MM:SS.ffffff`."""

from __future__ import annotations

from datetime import UTC, datetime

from beautyspot.records import DAMAGED, NO_TIME, Entry, Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TASK_COLUMNS = (
    "cache_key, func_name, input_id, version, result_type, content_type, result_value, result_data, "
    "updated_at, expires_at, size_bytes, elapsed_s, checksum, compression"
)
"""The fields of `Task`, in its order; an older file may have its columns in another."""

_TEXT, _TEXT_OR_NONE, _WHOLE_OR_NONE = (str,), (str, type(None)), (int, type(None))
TASK_TYPES: dict[str, tuple[type, ...]] = {
    "cache_key": _TEXT,
    "func_name": _TEXT,
    "input_id": _TEXT,
    "version": _TEXT_OR_NONE,
    "result_type": _TEXT,
    "content_type": _TEXT_OR_NONE,
    "result_value": _TEXT_OR_NONE,
    "size_bytes": _WHOLE_OR_NONE,
    "elapsed_s": (int, float, type(None)),
    "checksum": _WHOLE_OR_NONE,
    "compression": _TEXT_OR_NONE,
}
"""What a row may hold in the columns that every database keeps alike."""
_ANY: tuple[type, ...] = (object,)
_TYPES = [TASK_TYPES.get(name, _ANY) for name in Task._fields]


def time_text(time: datetime, /) -> str:
    """Return an aware `time` as SQLite keeps it; texts sort as their times do."""
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(" ", "microseconds")[:26]


def time_of(value: object, /) -> datetime:
    """Return the time that a row holds; `NO_TIME` for what can't be read."""
    try:
        time = datetime.fromisoformat(value)  # pyright: ignore[reportArgumentType] - a row may hold any type
    except (TypeError, ValueError):
        return NO_TIME
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def entry_of(row: tuple[Any, ...], /) -> Entry:
    """Return the entry of a row whose values may be of any type: SQLite keeps what it is given, or what damage left."""
    result_type, data, location, expires_at, elapsed_s, checksum, compression = row
    return Entry(
        str(result_type),
        data.encode() if isinstance(data, str) else data if isinstance(data, bytes) else None,
        location if location is None else str(location),
        None if expires_at is None else time_of(expires_at),
        float(elapsed_s) if isinstance(elapsed_s, (int, float)) else None,
        checksum,
        compression if compression is None else str(compression),
    )


def task_row(task: Task, /) -> tuple[Any, ...]:
    """Return the values of `TASK_COLUMNS`."""
    expires_at = task.expires_at
    return (
        *task[:8],
        time_text(task.updated_at),
        None if expires_at is None else time_text(expires_at),
        task.size_bytes,
        task.elapsed_s,
        task.checksum,
        task.compression,
    )


def task_of(row: tuple[Any, ...], tags: tuple[str, ...], /) -> Task:
    """Return the task that the values of `TASK_COLUMNS` stand for."""
    task = checked(Task(*row, tags=tags))
    expires_at = None if task.expires_at is None else time_of(task.expires_at)
    return task._replace(updated_at=time_of(task.updated_at), expires_at=expires_at)


def checked(task: Task, /) -> Task:
    """Return the task, or what stands for it in a list, of the type `DAMAGED`, if its row holds what it never should.

    Its times are not looked at.
    """
    if all(map(isinstance, task, _TYPES)):
        return task
    version = None if task.version is None else text_of(task.version)
    return Task(
        text_of(task.cache_key),
        text_of(task.func_name),
        text_of(task.input_id),
        version,
        DAMAGED,
        *(None, None, None),
        task.updated_at,
        task.expires_at,
        *(None, None, None, None),
        tags=task.tags,
    )


def text_of(value: object, /) -> str:
    """Return what stands for a value that should be a text."""
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return str(value)
