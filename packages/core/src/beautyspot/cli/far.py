"""What the verbs can do to a database that speaks no SQL, so that nobody need copy it first."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from beautyspot.catalog.tasks import only_key
from beautyspot.catalog.values import decoded
from beautyspot.db import open_db
from beautyspot.db.redis_url import SCHEMES as NO_SQL
from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import least_used
from beautyspot.maintenance.blob_moves import load_blob
from beautyspot.maintenance.whole_tasks import whole_task
from beautyspot.protocols import BlobStorage, SupportsUses, TaskDB
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


def named(database: str, starts: Sequence[str], /) -> list[Task]:
    """Return the only result whose key begins with each of `starts`; all keys are looked at, as no index has starts.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    with closing(open_db(database)) as db:
        return _named(db, starts)


def _named(db: TaskDB, starts: Sequence[str]) -> list[Task]:
    found = {task.cache_key: task for task in db.find(TaskFilter()) if task.cache_key.startswith(tuple(starts))}
    return [found[only_key(_matching(found, start), start)] for start in starts]


def _matching(keys: Iterable[str], start: str) -> list[str]:
    """Return as a catalog does: the exact key alone if it is there, and none for no letter at all."""
    found = [key for key in keys if start and key.startswith(start)]
    return [start] if start in found else found


def with_value(database: str, start: str, storages: Sequence[BlobStorage], /) -> tuple[Task, Any]:
    """Return the only result whose key begins with `start`, and its value.

    Raises:
        ConfigurationError: there is none, or there are several.
        DamagedEntryError: the value can't be read.
        StorageError: its blob can't.
    """
    with closing(open_db(database)) as db:
        task = _named(db, [start])[0]
        whole = whole_task(db, task)
    if whole is None:
        raise ConfigurationError(f"the result {task.cache_key!r} was replaced or deleted meanwhile; run it again")
    data = load_blob(storages, task.result_value or "") if whole.result_data is None else whole.result_data
    return task, decoded(task, data)


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
