"""Whether all that one database keeps is in another, to the byte."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal

from beautyspot.batched import batched
from beautyspot.errors import DamagedEntryError, LostBlobError
from beautyspot.maintenance.blob_moves import BlobMove, load_blob, moves
from beautyspot.maintenance.existence import expect_made, without_making
from beautyspot.maintenance.journal_copy import missing_activity, missing_runs
from beautyspot.maintenance.whole_tasks import whole_task
from beautyspot.protocols import BlobStorage, TaskDB
from beautyspot.records import Task, TaskFilter

CHUNK = 500
SHOWN = 1000
"""Differences that are told in words; the others are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not in the target as it is in the source."""

    key: str
    """The result's or the run's."""
    what: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison came to."""

    tasks: int
    """Results that are the same on both sides."""
    newer: int
    """Results that the target has from a later call."""
    expired: int
    """Results of the source that no call reads any more; nobody looks for them."""
    differences: int
    first: tuple[Difference, ...]
    """The first thousand of them."""
    unseen: int = 0
    """Of those that are the same, results whose blob was not looked at, as nobody said where it lies."""
    activity: int = 0
    """Minutes of a function's activity that the source counts more of. No differences: each hit since counts there."""

    @property
    def same(self) -> bool:
        """Whether nothing is missing or different, as far as it was looked at."""
        return not self.differences


def compare(
    source: TaskDB,
    target: TaskDB,
    *,
    blobs: BlobMove | None = None,
    storage: BlobStorage | None = None,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Compare every column, tag and byte of each result in `source` with `target`, then runs and activity.

    Where a blob lies is its database's own affair. Its bytes are compared with `blobs` alone; without it, that their
    sizes and checksums are the same.

    Args:
        source: What was copied.
        target: What it was copied to. The times and digests of its rows are held in memory, about 250 bytes each.
        blobs: Where the blobs of both lie, to be compared as well.
        storage: Without `blobs`, where those of the target must be; None if nobody knows.
        progress: Called after each chunk with the number of results looked at so far.

    Raises:
        ConfigurationError: there is no source.
        StorageError: a database can't be read, or a storage fails to say whether it has a blob.
    """
    expect_made(source)
    comparer = _Comparer(source, without_making(target), blobs, storage)
    seen = 0
    for chunk in batched(source.find(TaskFilter()), CHUNK):
        for task in chunk:
            comparer.look_at(task)
        seen += len(chunk)
        if progress is not None:
            progress(seen)
    comparer.look_at_journal()
    counts, found = comparer.counts, comparer.found
    return Comparison(
        counts["same"], counts["newer"], counts["expired"], counts["different"], tuple(found), counts["unseen"],
        counts["activity"],
    )  # fmt: skip


class _Comparer:
    """What was compared so far."""

    def __init__(self, source: TaskDB, target: TaskDB, blobs: BlobMove | None, storage: BlobStorage | None) -> None:
        self._source = source
        self._target = target
        self._blobs = blobs
        self._storage = storage
        self._now = datetime.now(UTC)
        listed = target.find(TaskFilter())
        self._there = {task.cache_key: (task.updated_at, task.result_value, self._digest(task)) for task in listed}
        self.counts: Counter[str] = Counter()
        self.found: list[Difference] = []

    def look_at(self, task: Task) -> None:
        """Compare the task with that under its key in the target."""
        if task.expires_at is not None and task.expires_at <= self._now:
            self.counts["expired"] += 1
        elif task.cache_key not in self._there:
            self._differs(task.cache_key, "missing")
        elif self._there[task.cache_key][0] > task.updated_at:
            self.counts["newer"] += 1
        elif self._there[task.cache_key][2] != self._digest(task):
            self._differs(task.cache_key, "other columns or tags")
        else:
            self._look_at_value(task)

    def look_at_journal(self) -> None:
        """Compare runs and activity."""
        self.counts["activity"] = sum(1 for _ in missing_activity(self._source, self._target))
        for run in missing_runs(self._source, self._target):
            self._differs(run.run_id, "run missing")

    def _look_at_value(self, task: Task) -> None:
        try:
            ours = whole_task(self._source, task)
            theirs = whole_task(self._target, task._replace(result_value=self._there[task.cache_key][1]))
            if ours is None or theirs is None:
                self.counts["newer"] += 1  # replaced since it was listed
            elif self._bytes(ours, 0) != self._bytes(theirs, 1):
                self._differs(task.cache_key, "other value")
            else:
                self._look_for_blob(theirs)
                self.counts["same"] += 1
        except (DamagedEntryError, LostBlobError) as error:
            self._differs(task.cache_key, str(error))

    def _look_for_blob(self, task: Task) -> None:
        """Raise `LostBlobError` if the blob that a task of the target names is not in its storage."""
        if self._blobs is not None or not moves(task):
            return
        if self._storage is None:
            self.counts["unseen"] += 1
            return
        try:
            self._storage.open(task.result_value or "").close()
        except LostBlobError as error:
            raise LostBlobError(
                f"no blob at {task.result_value!r} in {self._storage!r}; "
                "copy it with --blobs, or say with --to-storage where it lies"
            ) from error

    def _bytes(self, task: Task, side: Literal[0, 1]) -> bytes | None:
        if self._blobs is None or not moves(task):
            return task.result_data
        storages = (self._blobs.target,) if side else self._blobs.sources
        return load_blob(storages, task.result_value or "")

    def _digest(self, task: Task) -> bytes:
        """Return a digest of all but the value."""
        if moves(task):
            task = task._replace(result_value=None)
        task = task._replace(tags=tuple(sorted(set(task.tags))))  # each database lists them in an order of its own
        return blake2b(repr(task).encode(errors="surrogatepass"), digest_size=16).digest()

    def _differs(self, key: str, what: str) -> None:
        self.counts["different"] += 1
        if len(self.found) < SHOWN:
            self.found.append(Difference(key, what))
