"""The catalog of one database."""

import os
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from beautyspot.catalog import history, tasks, totals
from beautyspot.catalog.arguments import expect_flags, expect_numbers, expect_texts
from beautyspot.catalog.history import Step
from beautyspot.catalog.kept import kept_by_function
from beautyspot.catalog.records import FunctionSummary, Limit, ModelSummary, ModelUse, Page, Size
from beautyspot.catalog.source import Source, open_source
from beautyspot.catalog.tasks import Order, TaskQuestion
from beautyspot.catalog.totals import RunQuestion
from beautyspot.catalog.values import ValueReader
from beautyspot.clocks import Clock
from beautyspot.durations import Duration, seconds
from beautyspot.errors import ConfigurationError
from beautyspot.protocols import BlobStorage
from beautyspot.records import Activity, Run, Task
from beautyspot.system_clock import SystemClock


class Catalog:
    """Answers questions about what a database keeps, and changes nothing in it.

    A file of an earlier release is read as it is. Every method raises `StorageError` when the database fails.
    """

    def __init__(self, source: Source, clock: Clock | None = None) -> None:
        """Ask `source`; most want `Catalog.open`."""
        self.source = source
        self._clock = clock or SystemClock()

    @classmethod
    def open(cls, place: str | os.PathLike[str], /) -> Self:
        """Open the database at a path or SQLAlchemy URL.

        Raises:
            ConfigurationError: there is none, or nobody speaks its scheme.
            NewerFileError: a later release wrote it.
            StorageError: it can't be read.
        """
        return cls(open_source(place))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give every connection back."""
        self.source.close()

    def tasks(
        self,
        *,
        function: str | None = None,
        version: str | None = None,
        tag: str | None = None,
        content_type: str | None = None,
        older_than: Duration | None = None,
        newer_than: Duration | None = None,
        expired: bool = False,
        text: str | None = None,
        min_bytes: int | None = None,
        max_bytes: int | None = None,
        order: Order = "newest",
        look: int | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Task]:
        """Return kept results without their values.

        Args:
            function: `module.qualname`, or the bare qualname.
            version: As the function's mark gave it.
            tag: One of its tags.
            content_type: A media type, in any letters' case; `text/plain` means it with any charset as well.
            older_than: Kept longer ago than this.
            newer_than: Kept since.
            expired: Only those whose time to live has passed; no call reads them any more.
            text: In any letters' case: part of the function, input id, content type or a tag, or the key's start;
                in whichever Unicode normal form, and half or full width, it was kept.
                A page looks at 100 000 rows of a file at most, so it may be short; its `next` goes on. What begins keys
                is found under them at once, and comes first.
            min_bytes: Of the serialized value.
            max_bytes: Of the serialized value.
            order: `newest`, `oldest`, `largest` or `slowest` first; by the last two a file reads all its rows.
            look: Rows of a file that a page in the order of time looks at, at least 1000, as it does for `text`: for
                somebody who waits. None for all.
            limit: Rows of a page, 1 to 10 000.
            after: The `next` of the page before, in the same order.

        Raises:
            ConfigurationError: a duration, the order, the limit, the cursor or the type of another one is wrong.
        """
        expect_texts(function=function, version=version, tag=tag, content_type=content_type, text=text)
        expect_numbers(min_bytes=min_bytes, max_bytes=max_bytes, look=look)
        expect_flags(expired=expired)
        if order not in tasks.ORDERS:
            raise ConfigurationError(f"no order {order!r}; known: {', '.join(tasks.ORDERS)}")
        question = TaskQuestion(
            function, version, tag, content_type, older_than, newer_than, expired, text, min_bytes, max_bytes,
            order, look,
        )  # fmt: skip
        return tasks.tasks_page(self.source, question, self._now(), limit, after)

    def task(self, key: str, /) -> Task:
        """Return the task under `key`, or under the one key that begins with it.

        Raises:
            ConfigurationError: there is none, or there are several, or `key` is no text.
        """
        expect_texts(key=key)
        keys = tasks.keys_starting(self.source, key) if key else []
        return tasks.tasks_named(self.source, [tasks.only_key(keys, key)])[0]

    def values(self, *storages: BlobStorage) -> ValueReader:
        """Return a reader of the values themselves, with blobs from the first of `storages` that has them."""
        return ValueReader(self.source, storages)

    def functions(self) -> tuple[FunctionSummary, ...]:
        """Return what is kept of each function and what its calls did, those that saved most time first."""
        return tuple(totals.function_summaries(self.source))

    def activity(
        self, *, since: datetime | Duration | None = None, function: str | None = None, per: Step = "minute"
    ) -> tuple[Activity, ...]:
        """Return what each function did in each minute, or hour or day of UTC, oldest first.

        Args:
            since: From this time on, or as long ago as '1d'.
            function: `module.qualname`.
            per: `minute`, `hour` or `day`; the `minute` of a row is the first of it.

        Raises:
            ConfigurationError: `since` is neither a time nor a span of time, or there is no such step.
        """
        expect_texts(function=function)
        start = self._start(since)
        if per == "minute":
            return tuple(totals.activity_since(self.source, start, function))
        return tuple(history.activity_by(self.source, _step(per), start, function))

    def runs(
        self,
        *,
        since: datetime | Duration | None = None,
        roots: bool = False,
        cache_hit: bool | None = None,
        limit: int = 50,
        after: str | None = None,
        **where: str | None,
    ) -> Page[Run]:
        """Return observed calls, newest first.

        Args:
            since: Begun from this time on, or as long ago as '1d'.
            roots: Only those that began a trace.
            cache_hit: Only those that were answered from a cache, or only those that were not.
            limit: Rows of a page, 1 to 10 000.
            after: The `next` of the page before.
            where: `run_id`, `kind`, `model`, `name`, `status`, `trace_id`, `parent_id` or `cache_key` that they have.

        Raises:
            ConfigurationError: the limit, the cursor or `since` is wrong, or there is no such column.
        """
        unknown = set(where) - {"run_id", "kind", "model", "name", "status", "trace_id", "parent_id", "cache_key"}
        if unknown:
            raise ConfigurationError(f"runs has no filter {sorted(unknown)!r}; help(Catalog.runs) lists the known ones")
        expect_texts(**where)
        expect_flags(roots=roots, cache_hit=cache_hit)
        question = RunQuestion(where, self._start(since), roots, cache_hit)
        rows, following = totals.runs_page(self.source, question, limit, after)
        return Page(tuple(rows), following)

    def models(self) -> tuple[ModelSummary, ...]:
        """Return what the observed calls of each model came to, the most expensive first."""
        return tuple(totals.model_summaries(self.source))

    def model_uses(self, *, since: datetime | Duration | None = None, per: Step = "day") -> tuple[ModelUse, ...]:
        """Return what the observed calls of each model came to in each step of time, oldest first; as `activity` does.

        Raises:
            ConfigurationError: `since` is neither a time nor a span of time, or there is no such step.
        """
        return tuple(history.model_uses(self.source, _step(per), self._start(since)))

    def limits(self) -> tuple[Limit, ...]:
        """Return the limiters that processes share through this database, those that are busy for longest first."""
        return tuple(totals.limits(self.source))

    def size(self) -> Size:
        """Return how much is kept."""
        kept = kept_by_function(self.source)
        return Size(
            tasks=sum(each.results for each in kept),
            expired=tasks.expired_tasks(self.source, self._now()),
            inline_bytes=sum(each.size_bytes - each.blob_bytes for each in kept),
            blobs=sum(each.blobs for each in kept),
            blob_bytes=sum(each.blob_bytes for each in kept),
            database_bytes=self._database_bytes(),
        )

    def _database_bytes(self) -> int | None:
        path = self.source.path
        if path is None:
            return None
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _start(self, since: datetime | Duration | None) -> datetime | None:
        if since is None or isinstance(since, datetime):
            return since
        return self._now() - timedelta(seconds=seconds(since))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)


def _step(per: Step) -> Step:
    if per not in history.STEPS:
        raise ConfigurationError(f"no step {per!r}; known: {', '.join(history.STEPS)}")
    return per
