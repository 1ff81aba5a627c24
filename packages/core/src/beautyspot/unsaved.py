"""Results that the database refused, held in memory until it takes them."""

import threading

from beautyspot.errors import StorageError
from beautyspot.protocols import Entry, Task, TaskDB

LIMIT_BYTES = 64 * 1024 * 1024
"""Most bytes of results that are held."""


class Unsaved:
    """Rows that wait to be written."""

    def __init__(self, db: TaskDB) -> None:
        """Hold nothing yet."""
        self._db = db
        self._tasks: dict[str, Task] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many rows wait."""
        return len(self._tasks)

    def __contains__(self, key: str) -> bool:
        """Say whether a row waits under `key`."""
        return key in self._tasks

    def hold(self, task: Task, /) -> None:
        """Hold `task`, as long as there is room."""
        with self._lock:
            held_bytes = sum(len(other.result_data or b"") for other in self._tasks.values())
            if held_bytes + len(task.result_data or b"") <= LIMIT_BYTES:
                self._tasks[task.cache_key] = task

    def entry(self, key: str, /) -> Entry | None:
        """Return what a hit needs of the row that waits under `key`."""
        task = self._tasks.get(key)
        if task is None:
            return None
        return Entry(task.result_type, task.result_data, task.result_value, task.expires_at, task.elapsed_s)

    def drop(self, key: str, /) -> bool:
        """Forget the row under `key` and say whether there was one."""
        with self._lock:
            return self._tasks.pop(key, None) is not None

    def retry(self) -> bool:
        """Write what waits, and say whether nothing is left."""
        for key, task in list(self._tasks.items()):
            try:
                self._db.put(task)
            except StorageError:
                return False
            with self._lock:
                if self._tasks.get(key) is task:
                    del self._tasks[key]
        return True

    def forget(self) -> None:
        """Drop everything: in the child of a fork it belongs to the parent."""
        self._lock = threading.Lock()
        self._tasks.clear()
