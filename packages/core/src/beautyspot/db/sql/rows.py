"""Records as rows of a server, and back: its times are UTC without a zone."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from beautyspot.records import Activity, Entry, Run, Task

_entry: Callable[[Any], Entry] = partial(tuple.__new__, Entry)  # pyright: ignore[reportUnknownMemberType] - half the time of Entry(…)
EXPIRES_AT = Entry._fields.index("expires_at")


def plain(time: datetime, /) -> datetime:
    """Return an aware `time` as the database keeps it."""
    return (time if time.tzinfo is UTC else time.astimezone(UTC)).replace(tzinfo=None)


def aware(time: datetime, /) -> datetime:
    """Return a time of the database as records have it."""
    return time.replace(tzinfo=UTC)


def entry_of(row: Any, /) -> Entry:
    """Return the entry of a row that has its fields."""
    if row[EXPIRES_AT] is None:
        return _entry(row)
    entry = _entry(row)
    return entry._replace(expires_at=aware(row[EXPIRES_AT]))


def task_parameters(task: Task, /) -> dict[str, Any]:
    """Return what `Statements.put` is given."""
    found = {f"new_{name}": value for name, value in zip(Task._fields, task, strict=True)}
    del found["new_tags"]
    found["new_updated_at"] = plain(task.updated_at)
    if task.expires_at is not None:
        found["new_expires_at"] = plain(task.expires_at)
    return found


def task_of(row: Any, tags: tuple[str, ...], /) -> Task:
    """Return the task of a row of `statements.tasks_of`."""
    task = Task(*row, tags=tags)
    expires_at = None if task.expires_at is None else aware(task.expires_at)
    return task._replace(updated_at=aware(task.updated_at), expires_at=expires_at)


def activity_parameters(activity: Activity, /) -> dict[str, Any]:
    """Return what `Statements.add_activity` is given."""
    return activity._replace(minute=plain(activity.minute))._asdict()


def run_parameters(run: Run, /) -> dict[str, Any]:
    """Return what `Statements.add_run` is given."""
    values = run._replace(started_at=plain(run.started_at))._asdict()
    return {f"new_{name}": list(value) if name == "tags" else value for name, value in values.items()}
