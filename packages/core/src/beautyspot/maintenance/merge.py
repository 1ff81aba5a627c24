"""The rows of one database into another, without losing a newer one there."""

from collections.abc import Sequence
from datetime import datetime

from beautyspot.protocols import SupportsMerge, SupportsUpkeep, TaskDB
from beautyspot.records import Task, TaskFilter


def merger_of(db: TaskDB, /) -> SupportsMerge:
    """Return what takes rows into `db`."""
    for candidate in (db.upkeep if isinstance(db, SupportsUpkeep) else None, db):
        if isinstance(candidate, SupportsMerge):
            return candidate
    return OneByOne(db)


class OneByOne:
    """Takes rows into a database that has no better way: what it holds is listed once, and then remembered.

    What others keep there meanwhile may be replaced by an older result of the same call.
    """

    def __init__(self, db: TaskDB) -> None:
        """List what `db` holds."""
        self._db = db
        self._updated_at = {task.cache_key: task.updated_at for task in db.find(TaskFilter())}

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        return {key: self._updated_at[key] for key in keys if key in self._updated_at}

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        newer = [task for task in tasks if self._is_newer(task)]
        for task in newer:
            self._db.put(task)
            self._updated_at[task.cache_key] = task.updated_at
        return [task.cache_key for task in newer]

    def _is_newer(self, task: Task) -> bool:
        there = self._updated_at.get(task.cache_key)
        # What was listed may be deleted by now.
        return there is None or there < task.updated_at or self._db.get(task.cache_key) is None
