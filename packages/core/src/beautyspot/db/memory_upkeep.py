"""Keeping a database in memory in order, and noting what was read of it."""

from collections.abc import Sequence
from datetime import datetime

from beautyspot.records import Task


class MemoryUses:
    """When results were last read, beside the tasks in `tasks`."""

    def __init__(self, tasks: dict[str, Task]) -> None:
        """Start without a note."""
        self._tasks = tasks
        self._used_at: dict[str, datetime] = {}

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        """Note that the results were read, but those that are gone."""
        self._used_at = {key: time for key, time in list(self._used_at.items()) if key in self._tasks}
        self._used_at.update((key, used_at) for key in keys if key in self._tasks)

    def last(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when the results were last read; one that isn't named was not since it was kept."""
        found = ((key, self._used_at.get(key), self._tasks.get(key)) for key in keys)
        return {key: used_at for key, used_at, task in found if used_at and task and used_at > task.updated_at}


class MemoryUpkeep:
    """The upkeep of the tasks in `tasks`; no single step of a dictionary can be split by another thread."""

    def __init__(self, tasks: dict[str, Task]) -> None:
        """Work on `tasks`."""
        self._tasks = tasks

    def size_bytes(self) -> int:
        """Return the bytes of all kept values, blobs too."""
        return sum(task.size_bytes or 0 for task in list(self._tasks.values()))

    def tasks_from(self, start: str, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data`, in the order of their keys from `start` on."""
        keys = sorted(key for key in list(self._tasks) if key >= start)[:limit]
        return [task._replace(result_data=None) for key in keys if (task := self._tasks.get(key))]

    def expired_tasks(self, now: datetime, limit: int, /) -> list[Task]:
        """Return up to `limit` tasks without `result_data` whose time to live has passed."""
        tasks = list(self._tasks.values())
        return [task._replace(result_data=None) for task in tasks if task.expires_at and task.expires_at < now][:limit]

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        return {key: task.updated_at for key in keys if (task := self._tasks.get(key))}

    def put_newer(self, tasks: Sequence[Task], /) -> list[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        kept: list[str] = []
        for task in tasks:
            old = self._tasks.get(task.cache_key)
            if old is None or old.updated_at < task.updated_at:
                self._tasks[task.cache_key] = task._replace(tags=tuple(sorted(set(task.tags))))
                kept.append(task.cache_key)
        return kept

    def delete_unchanged(self, tasks: Sequence[Task], /) -> list[str]:
        """Delete the tasks but those that were kept anew since they were read, and return the keys of what is gone."""
        there = self.updated_at([task.cache_key for task in tasks])
        keys = [task.cache_key for task in tasks if there.get(task.cache_key) == task.updated_at]
        return [key for key in keys if self._tasks.pop(key, None) is not None]
