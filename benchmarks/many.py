"""Files of many rows: ours and diskcache's, filled with the results of one function through their own ways to keep."""

import sqlite3
from collections.abc import Callable
from typing import Any

import beautyspot as bs
from beautyspot.db import MemoryTaskDB, SQLiteTaskDB
from beautyspot.db.rows import task_row
from beautyspot.db.sqlite import PUT
from beautyspot.records import Entry, Task

from benchmarks.peers import Function
from benchmarks.workloads import Workload

FUNCTIONS = 20
"""Ours are told apart by name, as a program's are; diskcache has no question that minds it."""
CHUNK = 10_000


class Bulk(MemoryTaskDB):
    """Writes rows with the statement of our own put, many in one transaction, and finds nothing."""

    def __init__(self, path: str) -> None:
        """Write to the file at `path`."""
        super().__init__()
        SQLiteTaskDB(path).open()
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._rows: list[tuple[Any, ...]] = []

    def get(self, _: str, /) -> Entry | None:
        """Return None."""
        return None

    def put(self, task: Task, /) -> None:
        """Take `task` into the next transaction."""
        self._rows.append(task_row(task))
        if len(self._rows) == CHUNK:
            self.write()

    def write(self) -> None:
        """Write what is taken."""
        self._connection.execute("BEGIN")
        self._connection.executemany(PUT, self._rows)
        self._connection.execute("COMMIT")
        self._rows.clear()

    def finish(self) -> None:
        """Write the rest, and leave no WAL."""
        self.write()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def named(function: Function, number: int) -> Function:
    """Return `function` under a name of its own."""

    def one(*args: Any) -> Any:
        return function(*args)

    one.__module__, one.__qualname__, one.__name__ = "bench", f"call_{number}", f"call_{number}"
    return one


def marked(spot: bs.Spot, workload: Workload) -> list[Function]:
    """Return the functions that a file of ours is about."""
    return [spot.mark(named(workload.function, number)) for number in range(FUNCTIONS)]


def diskcached(cache: Any, workload: Workload) -> list[Function]:
    """Return the same functions, memoized."""
    return [cache.memoize()(named(workload.function, number)) for number in range(FUNCTIONS)]


def any_of(functions: list[Function]) -> Callable[[str], Any]:
    """Return what calls the function that has kept the result of `item-N`."""

    def call(text: str) -> Any:
        return functions[int(text[5:]) % FUNCTIONS](text)

    return call


def fill_ours(path: str, workload: Workload, rows: int) -> None:
    """Keep the first `rows` results of `workload` in a file at `path`, in turns of each function."""
    db = Bulk(path)
    spot = bs.Spot("bench", db=db, storage=f"{path}-blobs")
    functions = marked(spot, workload)
    for number in range(rows):
        functions[number % FUNCTIONS](*workload.arguments(number))
    spot.shutdown()
    db.finish()


def fill_diskcache(folder: str, workload: Workload, rows: int) -> None:
    """Keep them in a diskcache in `folder`, many in one transaction."""
    from diskcache import Cache

    with Cache(folder) as cache:
        functions = diskcached(cache, workload)
        for start in range(0, rows, CHUNK):
            with cache.transact():
                for number in range(start, min(rows, start + CHUNK)):
                    functions[number % FUNCTIONS](*workload.arguments(number))
