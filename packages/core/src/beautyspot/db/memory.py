"""A database that lives and dies with its process; for tests and for results that are cheap to lose."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from beautyspot.db import forks
from beautyspot.db.filters import matches
from beautyspot.db.memory_upkeep import MemoryUpkeep, MemoryUses
from beautyspot.records import Activity, Entry, LimitRate, Run, Task, TaskFilter


class MemoryTaskDB:
    """Keeps rows in dictionaries, whose single steps no other thread can split.

    A child starts with a copy of what its parent held at the fork.
    """

    reads_locally = True

    def __init__(self) -> None:
        """Start empty."""
        self._tasks: dict[str, Task] = {}
        self._limits: dict[str, float] = {}
        self._limit_rates: dict[str, LimitRate] = {}
        self.uses = MemoryUses(self._tasks)
        """When results were last read."""
        self.upkeep = MemoryUpkeep(self._tasks)
        """What keeps it in order."""
        self.activity: dict[tuple[str, datetime], Activity] = {}
        """By function and minute."""
        self.runs: dict[str, Run] = {}
        """By id."""
        self._mutex = threading.RLock()
        forks.follow(self)

    def __repr__(self) -> str:
        """Name the class."""
        return "MemoryTaskDB()"

    def get(self, key: str, /) -> Entry | None:
        """Return the entry kept under `key`, expired or not."""
        task = self._tasks.get(key)
        if task is None:
            return None
        return task.entry()

    def put(self, task: Task, /) -> None:
        """Keep `task` with its tags, replacing what was under its key."""
        self._tasks[task.cache_key] = task._replace(tags=tuple(sorted(set(task.tags))))

    def delete(self, keys: Iterable[str], /) -> int:
        """Delete the rows under `keys` and their tags, and return how many there were."""
        return sum(self._tasks.pop(key, None) is not None for key in keys)

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks, newest first, without `result_data`."""
        found = [task for task in list(self._tasks.values()) if matches(where, task)]
        found.reverse()  # the later of two in the same microsecond comes first
        found.sort(key=lambda task: task.updated_at, reverse=True)
        return (task._replace(result_data=None) for task in found)

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        """Set TAT = max(TAT, now) + increment in one step and return the new TAT, in seconds since 1970 UTC."""
        with self._mutex:
            tat_s = max(self._limits.get(name, now_s), now_s) + increment_s
            self._limits[name] = tat_s
            return tat_s

    def restore_limit(self, name: str, tat_s: float, increment_s: float, /) -> bool:
        """Take `increment_s` off the TAT if it still is `tat_s`, and say whether it was."""
        with self._mutex:
            if self._limits.get(name) != tat_s:
                return False
            self._limits[name] = tat_s - increment_s
            return True

    def note_limit_rate(self, name: str, rate: LimitRate, /) -> LimitRate | None:
        """Note the rate, where it stays until another one is noted, and return what stood there."""
        with self._mutex:
            noted, self._limit_rates[name] = self._limit_rates.get(name), rate
            return noted

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        """Add the counts to those kept for the same function and minute."""
        with self._mutex:
            for row in rows:
                key = (row.func_name, row.minute)
                kept = self.activity.get(key)
                self.activity[key] = row if kept is None else _sum(kept, row)

    def add_runs(self, rows: Sequence[Run], /) -> None:
        """Keep the runs, replacing those of the same id."""
        self.runs.update((row.run_id, row) for row in rows)

    def read_activity(self) -> Iterator[Activity]:
        """Yield every row of activity."""
        return iter(list(self.activity.values()))

    def read_runs(self) -> Iterator[Run]:
        """Yield every run."""
        return iter(list(self.runs.values()))

    def close(self) -> None:
        """Keep everything: there is nothing to give back."""

    def before_fork(self) -> None:
        """Need no rest: a child gets its own lock."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Drop the lock, which a thread of the parent may have held."""
        self._mutex = threading.RLock()


def _sum(one: Activity, other: Activity) -> Activity:
    return Activity(
        one.func_name,
        one.minute,
        one.hits + other.hits,
        one.misses + other.misses,
        one.errors + other.errors,
        one.saved_s + other.saved_s,
        one.waited_s + other.waited_s,
        one.tokens_spent + other.tokens_spent,
        one.tokens_saved + other.tokens_saved,
    )
