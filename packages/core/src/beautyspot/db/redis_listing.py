"""Many rows of a Redis server, in chunks, through its indexes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from beautyspot.batched import batched
from beautyspot.db.filters import matches
from beautyspot.db.redis_rows import micros_of, task_of, unreadable
from beautyspot.errors import DamagedEntryError
from beautyspot.records import NO_TIME, Task, TaskFilter

CHUNK = 500

Do = Callable[[Callable[[Any], Any]], Any]
"""Hands the client to an operation, and returns what that returns."""


class Place(NamedTuple):
    """What an index says of a row."""

    minus_us: float
    """Minus the microseconds of `updated_at`, so that the newest comes first in order."""
    key: str
    listed_in: str


class Listing:
    """Lists what the indexes behind `prefix` hold, and takes out of them what is gone."""

    def __init__(self, prefix: str, do: Do, forget: Callable[[str, list[str]], None]) -> None:
        """Ask by `do`; `forget` takes an index and keys that it lists in vain."""
        self._prefix = prefix
        self._do = do
        self._forget = forget

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the tasks that `where` means, newest first, without their data."""
        if where.expired_before is not None:
            yield from self._expired(where)
            return
        newest = "+inf" if where.updated_before is None else f"({micros_of(where.updated_before)}"
        listed = (self._places(index, newest) for index in self._indexes(where))
        places = _once(merge(*listed, key=lambda place: place.minus_us))
        for chunk in batched(places, CHUNK):
            yield from (task for task in self._tasks(chunk) if matches(where, task))

    def updated_at(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when each of the results that are there was kept."""
        places = [Place(0.0, key, "tasks") for key in keys]
        return {task.cache_key: task.updated_at for task in self._tasks(places)} if places else {}

    def _indexes(self, where: TaskFilter) -> list[str]:
        if where.tags is not None:
            return [f"tag:{tag}" for tag in sorted(set(where.tags))]
        if where.function is None:
            return ["tasks"]
        suffix = f".{where.function}"
        names = map(_text, self._do(lambda client: client.smembers(f"{self._prefix}functions")))
        return [f"function:{name}" for name in sorted(names) if name == where.function or name.endswith(suffix)]

    def _expired(self, where: TaskFilter) -> list[Task]:
        # Redis drops them soon after their end, so they are few, and may be sorted here.
        end_ms = micros_of(where.expired_before or NO_TIME) // 1000  # `matches` compares the microseconds
        keys = self._do(lambda client: client.zrangebyscore(f"{self._prefix}expiry", "-inf", end_ms))
        places = [Place(0.0, _text(key), "expiry") for key in keys]
        chunks = map(self._tasks, batched(places, CHUNK))
        found = [task for chunk in chunks for task in chunk if matches(where, task)]
        return sorted(found, key=lambda task: task.updated_at, reverse=True)

    def _places(self, index: str, newest: str) -> Iterator[Place]:
        """Yield what `index` lists, in pages that stay right while rows come and go."""
        seen: set[str] = set()
        while True:
            page = self._page(index, newest, CHUNK + len(seen))
            fresh = [place for place in page if place.key not in seen]
            if not fresh:
                return
            yield from fresh
            # The next page begins at the instant of the last row, as not all of that instant may have been seen.
            oldest = fresh[-1].minus_us
            seen = {place.key for place in page if place.minus_us == oldest}
            newest = repr(-oldest)

    def _page(self, index: str, newest: str, count: int) -> list[Place]:
        rows = self._do(
            lambda client: client.zrevrangebyscore(
                self._prefix + index, newest, "-inf", start=0, num=count, withscores=True
            )
        )
        return [Place(-float(score), _text(key), index) for key, score in rows]

    def _tasks(self, places: list[Place]) -> list[Task]:
        tasks: list[Task] = []
        gone: dict[str, list[str]] = {}
        for place, row in zip(places, self._do(lambda client: self._rows(client, places)), strict=True):
            if row is None:
                gone.setdefault(place.listed_in, []).append(place.key)
                continue
            try:
                tasks.append(task_of(place.key, row))
            except DamagedEntryError:
                tasks.append(unreadable(place.key, -place.minus_us))
        for index, keys in gone.items():
            self._forget(index, keys)
        return tasks

    def _rows(self, client: Any, places: list[Place]) -> list[Any]:
        pipeline = client.pipeline(transaction=False)
        for place in places:
            pipeline.hget(f"{self._prefix}task:{place.key}", "row")
        # What is no hash answers with an error, which is no row either, and is nobody else's trouble.
        return pipeline.execute(raise_on_error=False)


def _once(places: Iterable[Place]) -> Iterator[Place]:
    """Drop what several indexes list."""
    instant: float | None = None
    seen: set[str] = set()
    for place in places:
        if place.minus_us != instant:
            instant = place.minus_us
            seen.clear()
        if place.key not in seen:
            seen.add(place.key)
            yield place


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
