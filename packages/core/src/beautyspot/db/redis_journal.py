"""Activity and runs as Redis keeps them.

- `activity`, a sorted set of `SECONDS:FUNCTION` by the seconds of the minute, and `activity:SECONDS:FUNCTION`, a hash
  of counts
- `runs`, a sorted set of run ids by microseconds of `started_at`, and `run:ID`, a row
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgpack import packb

from beautyspot.db.redis_rows import micros_of, run_of, run_row
from beautyspot.records import Activity, Run

Do = Callable[[Callable[[Any], Any]], Any]
CHUNK = 500
SECONDS = ("saved_s", "waited_s")


def activity_arguments(prefix: str, rows: Iterable[Activity], /) -> list[Any]:
    """Return what `redis_scripts.ADD_ACTIVITY` takes to add the counts, which are a batch of their own."""
    arguments: list[Any] = [prefix, os.urandom(8).hex()]
    for row in rows:
        minute_s = int(row.minute.timestamp())
        counts = [
            ("HINCRBYFLOAT" if name in SECONDS else "HINCRBY", name, str(count))  # Lua would round it to 14 digits
            for name, count in zip(Activity._fields[2:], row[2:], strict=True)
            if count
        ]
        arguments += [f"{minute_s}:{row.func_name}", minute_s, packb(counts)]
    return arguments


def add_runs(client: Any, prefix: str, rows: Sequence[Run], /) -> None:
    """Keep the runs."""
    pipeline = client.pipeline(transaction=True)
    for row in rows:
        pipeline.set(f"{prefix}run:{row.run_id}", run_row(row))
        pipeline.zadd(f"{prefix}runs", {row.run_id: micros_of(row.started_at)})
    pipeline.execute()


def read_activity(do: Do, prefix: str, /) -> Iterator[Activity]:
    """Yield the counts of each function and minute, oldest first."""
    for names in _listed(do, f"{prefix}activity"):
        hashes = do(lambda client, names=names: _each(client, "hgetall", f"{prefix}activity:", names))
        for name, counts in zip(names, hashes, strict=True):
            activity = _activity_of(name, counts)
            if activity is not None:
                yield activity


def read_runs(do: Do, prefix: str, /) -> Iterator[Run]:
    """Yield the runs, oldest first."""
    for ids in _listed(do, f"{prefix}runs"):
        rows = do(lambda client, ids=ids: _each(client, "get", f"{prefix}run:", ids))
        yield from (run for run in map(run_of, rows) if run is not None)


def _listed(do: Do, index: str) -> Iterator[list[str]]:
    """Yield what a sorted set lists, in chunks; nothing is ever taken out of it, so ranks stay."""
    start = 0
    while names := do(lambda client, start=start: client.zrange(index, start, start + CHUNK - 1)):
        yield [name.decode(errors="surrogateescape") for name in names]
        start += CHUNK


def _each(client: Any, command: str, prefix: str, names: list[str]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for name in names:
        getattr(pipeline, command)(prefix + name)
    return pipeline.execute(raise_on_error=False)


def _activity_of(name: str, counts: Any) -> Activity | None:
    """Return the row; None for what can't be read."""
    minute, _, func_name = name.partition(":")
    try:
        values = {field: counts.get(field.encode(), b"0") for field in Activity._fields[2:]}
        numbers: list[Any] = [float(value) if field in SECONDS else int(value) for field, value in values.items()]
        return Activity(func_name, datetime.fromtimestamp(int(minute), UTC), *numbers)
    except (AttributeError, OverflowError, ValueError):
        return None
