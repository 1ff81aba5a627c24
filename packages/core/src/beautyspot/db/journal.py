"""Activity and runs as SQLite keeps them."""

from typing import Any

from beautyspot.db.rows import time_text
from beautyspot.records import Activity, Run

_SUMS = ", ".join(f"{name} = {name} + excluded.{name}" for name in Activity._fields[2:])

ADD_ACTIVITY = (
    f"INSERT INTO activity ({', '.join(Activity._fields)}) VALUES ({', '.join('?' * len(Activity._fields))}) "  # noqa: S608
    f"ON CONFLICT (func_name, minute) DO UPDATE SET {_SUMS}"
)
ADD_RUN = f"INSERT OR REPLACE INTO runs ({', '.join(Run._fields)}) VALUES ({', '.join('?' * len(Run._fields))})"  # noqa: S608


def activity_row(activity: Activity, /) -> tuple[Any, ...]:
    """Return the values of one row of `activity`."""
    return (activity.func_name, time_text(activity.minute), *activity[2:])


def run_row(run: Run, /) -> tuple[Any, ...]:
    """Return the values of one row of `runs`."""
    import json  # 4 ms that a plain cache never spends

    return tuple(run._replace(started_at=time_text(run.started_at), tags=json.dumps(run.tags)))  # pyright: ignore[reportArgumentType] - a row, not a record
