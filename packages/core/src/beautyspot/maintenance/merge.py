"""The rows of one database into another, without losing a newer one there."""

from collections.abc import Sequence
from datetime import datetime

from beautyspot.errors import StorageError
from beautyspot.protocols import SupportsMerge, SupportsUpkeep, TaskDB
from beautyspot.records import Task, TaskFilter
from beautyspot.unsaved import HOPELESS


def merger_of(db: TaskDB, /) -> SupportsMerge:
    """Return what takes rows into `db`."""
    for candidate in (db.upkeep if isinstance(db, SupportsUpkeep) else None, db):
        if isinstance(candidate, SupportsMerge):
            return candidate
    return OneByOne(db)


def put_possible(merger: SupportsMerge, tasks: Sequence[Task], /) -> tuple[set[str], set[str]]:
    """Keep the tasks that are newer, and return the keys of those kept now, and of those that can never be kept.

    The latter hold what the target has no place for, such as a NUL in a text of PostgreSQL; they hold up no others.

    Raises:
        StorageError: the target can't be written.
    """
    try:
        return set(merger.put_newer(tasks)), set()
    except StorageError as error:
        if not isinstance(error.__cause__, HOPELESS):
            raise
        if len(tasks) == 1:
            return set(), {tasks[0].cache_key}
    # By halves: one such row among 500 costs about 20 transactions, where each alone would be 500 to a server far away.
    middle = len(tasks) // 2
    (kept, refused), (more_kept, more_refused) = (
        put_possible(merger, half) for half in (tasks[:middle], tasks[middle:])
    )
    return kept | more_kept, refused | more_refused


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
