"""What the verbs can do to a database that speaks no SQL, so that nobody need copy it first."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from beautyspot.db import open_db
from beautyspot.db.redis_url import SCHEMES as NO_SQL
from beautyspot.durations import seconds
from beautyspot.maintenance import least_used
from beautyspot.protocols import SupportsUses
from beautyspot.records import NO_TIME, Task, TaskFilter


def speaks_sql(database: str, /) -> bool:
    """Say whether a catalog can ask the database at this path or URL."""
    return database.partition("://")[0] not in NO_SQL


def newest(database: str, limit: int, newer_than: str | None, /, **filters: Any) -> list[Task]:
    """Return the first `limit` results, newest first, without reading more of them than that."""
    start = NO_TIME if newer_than is None else _ago(newer_than)
    with closing(open_db(database)) as db:
        found = takewhile(lambda task: task.updated_at >= start, db.find(_where(**filters)))
        return list(islice(found, limit))


def removable(database: str, max_bytes: int | None, /, **filters: Any) -> Iterator[Task]:
    """Yield what `prune` means."""
    where = _where(**filters)
    with closing(open_db(database)) as db:
        uses = db.uses if isinstance(db, SupportsUses) else None
        yield from db.find(where) if max_bytes is None else least_used(lambda: db.find(where), uses, max_bytes)


def _where(
    *,
    function: str | None = None,
    version: str | None = None,
    tag: str | None = None,
    older_than: str | None = None,
    expired: bool = False,
) -> TaskFilter:
    return TaskFilter(
        function,
        version,
        None if tag is None else (tag,),
        None if older_than is None else _ago(older_than),
        datetime.now(UTC) if expired else None,
    )


def _ago(span: str) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds(span))
