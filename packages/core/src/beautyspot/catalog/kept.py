"""How much is kept of each function: from a file's counters where it has them, else counted."""

from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Any

from sqlalchemy import case, func, select

from beautyspot.catalog.source import Source
from beautyspot.catalog.tasks import size_column
from beautyspot.catalog.times import time_of
from beautyspot.counters import UNCOUNTED
from beautyspot.db.rows import text_of

COUNTED = f"""
SELECT *, (SELECT max(updated_at) FROM tasks WHERE tasks.func_name = parts.func_name)
FROM (SELECT * FROM functions UNION ALL {UNCOUNTED}) AS parts
"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one function."""

    func_name: str
    results: int = 0
    size_bytes: int = 0
    """Of the serialized values, in rows and blobs, as far as the rows tell."""
    blobs: int = 0
    blob_bytes: int = 0
    """The part of `size_bytes` that lies in blobs."""
    elapsed_s: float = 0.0
    updated_at: datetime | None = None


def kept_by_function(source: Source, /) -> list[Kept]:
    """Return one for each function of which something is kept.

    A server and a file of an earlier release count their rows: 0.25 s for a million on PostgreSQL, where
    counters would make all who keep a result of one function wait for each other.
    """
    if source.has("functions"):
        return _counted(source)
    return [
        Kept(text_of(name), results, int(size_bytes), blobs, int(blob_bytes), float(elapsed_s), time_of(updated_at))
        for name, results, size_bytes, blobs, blob_bytes, elapsed_s, updated_at in source.rows(_counting(source))
    ]


def _counted(source: Source) -> list[Kept]:
    sums: dict[str, list[Any]] = {}
    newest: dict[str, Any] = {}
    for name, *values, updated_at in source.raw(COUNTED):
        counts = [value if isinstance(value, int | float) else 0 for value in values]  # a size may be any text
        sums[name] = [*map(add, sums[name], counts)] if name in sums else counts
        newest[name] = updated_at
    return [
        Kept(text_of(name), results, size_bytes, blobs, blob_bytes, elapsed_us / 1e6, time_of(newest[name]))
        for name, (results, size_bytes, blobs, blob_bytes, elapsed_us) in sums.items()
        if newest[name] is not None
    ]


def _counting(source: Source) -> Any:
    name, updated_at = source.column("tasks", "func_name"), source.column("tasks", "updated_at")
    is_blob, size = source.column("tasks", "result_type") == "FILE", size_column(source)
    return select(
        name,
        func.count(),
        func.coalesce(func.sum(size), 0),
        func.count(case((is_blob, 1))),
        func.coalesce(func.sum(case((is_blob, size))), 0),
        func.coalesce(func.sum(source.column("tasks", "elapsed_s")), 0.0),
        func.max(updated_at),
    ).group_by(name)
