"""Copies what one database keeps into another: results, tags, activity, runs and, if wanted, blobs.

Whatever is done is done for good: a copy that is interrupted, or killed, goes on where it was when it is started again,
and one that is started twice changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from beautyspot.batched import batched
from beautyspot.db import SQLiteTaskDB
from beautyspot.deletion import delete_rows
from beautyspot.errors import DamagedEntryError, LostBlobError, StorageError
from beautyspot.maintenance.blob_moves import BlobMove, is_legacy, moves
from beautyspot.maintenance.copied_blobs import lacks_blob, named_copies
from beautyspot.maintenance.existence import expect_made, without_making
from beautyspot.maintenance.journal_copy import copy_activity, copy_runs
from beautyspot.maintenance.merge import merger_of, put_possible
from beautyspot.maintenance.portions import BLOB_BYTES, portions
from beautyspot.maintenance.whole_tasks import is_in_place, whole_task
from beautyspot.protocols import TaskDB
from beautyspot.records import DAMAGED, Task, TaskFilter

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration came to."""

    tasks: int
    """Results that were copied, or would be."""
    size_bytes: int
    """Of their values, those in blobs included."""
    blobs: int
    """Blobs that were copied."""
    present: int
    """Results that were there already, as new or newer."""
    expired: int
    """Results left behind, as no call reads them any more."""
    lost: int
    """Results left behind, as their value can't be read."""
    failed: int
    """Results left behind, as the storage failed to give their blob; the next run tries again."""
    refused: int
    """Results left behind, as the target has no place for a text in them: a NUL in PostgreSQL, half a surrogate."""
    changed: int
    """Results that were replaced or deleted while they were read; those replaced are copied by the next run."""
    legacy: int
    """Those of releases 0.3 to 2.x among the copied that are no hits there, as the target is no SQLite file."""
    named_blobs: int
    """Results that name a blob which was not copied, so that both databases need the storage of now."""
    activity: int
    """Rows of activity that were added to."""
    runs: int


def migrate(
    source: TaskDB,
    target: TaskDB,
    *,
    blobs: BlobMove | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Migrated:
    """Copy what `source` keeps into `target`, while others may use both, and say what that came to.

    A newer result in the target stays. Of a minute's activity on both sides, each count is the larger one.

    Args:
        source: Only read; a file of an earlier release is upgraded in place, as it is by every opening.
        target: Written in chunks.
        blobs: Copies the blobs as well; without it the copies name those that the originals name.
        dry_run: Change nothing.
        progress: Called after each chunk with the number of results looked at so far.

    Raises:
        ConfigurationError: there is no source.
        StorageError: a database can't be read or written, or the storage that `blobs` go to; what was copied until
            then stays.
    """
    expect_made(source)
    copy = _Copy(source, target, blobs, dry_run=dry_run)
    copy.run(progress)
    target = without_making(target) if dry_run else target
    copy.counts["activity"] = copy_activity(source, target, dry_run=dry_run)
    copy.counts["runs"] = copy_runs(source, target, dry_run=dry_run)
    return Migrated(**{each.name: copy.counts[each.name] for each in fields(Migrated)})


class _Copy:
    """The copying of tasks, and what it came to so far."""

    def __init__(self, source: TaskDB, target: TaskDB, blobs: BlobMove | None, *, dry_run: bool) -> None:
        self._source = source
        self._target = without_making(target) if dry_run else target
        self._merger = merger_of(self._target)
        self._file = target if isinstance(target, SQLiteTaskDB) else None
        """Where rows of earlier releases are hits."""
        self._blobless: set[str] = set()
        """Keys of results that the target has without their blobs."""
        self._holders = source.upkeep.legacy_holders() if isinstance(source, SQLiteTaskDB) else {}
        self._blobs = blobs
        self._dry_run = dry_run
        self._now = datetime.now(UTC)
        self.counts: Counter[str] = Counter()
        """By the names of `Migrated`'s fields."""

    def run(self, progress: Callable[[int], None] | None) -> None:
        """Copy everything."""
        seen = 0
        for chunk in batched(self._source.find(TaskFilter()), CHUNK):
            wanted = self._wanted(chunk)
            if self._dry_run:
                self._count(wanted)
            else:
                for part in portions(self._read(wanted), self._weight):
                    self._put(part)
            seen += len(chunk)
            if progress is not None:
                progress(seen)

    def _wanted(self, tasks: Sequence[Task]) -> list[Task]:
        """Return those that the target needs."""
        sound = [task for task in tasks if task.result_type != DAMAGED]
        living = [task for task in sound if task.expires_at is None or task.expires_at > self._now]
        there = self._merger.updated_at([task.cache_key for task in living])
        wanted = [task for task in living if self._is_wanted(task, there.get(task.cache_key))]
        self.counts["lost"] += len(tasks) - len(sound)
        self.counts["expired"] += len(sound) - len(living)
        self.counts["present"] += len(living) - len(wanted)
        return wanted

    def _is_wanted(self, task: Task, there: datetime | None) -> bool:
        """Say whether the target needs the task, `there` being when it was kept there; None for not at all.

        One that an earlier run copied without its blob is needed again if its blob shall go along this time.
        """
        if there is None or there < task.updated_at:
            return True
        if there > task.updated_at or self._blobs is None or not moves(task):
            return False
        if not lacks_blob(task.cache_key, self._target, self._blobs.target):
            return False
        self._blobless.add(task.cache_key)
        return True

    def _read(self, tasks: Sequence[Task]) -> Iterator[Task]:
        """Yield the tasks with their values."""
        for task in tasks:
            try:
                whole = whole_task(self._source, task)
            except DamagedEntryError:
                self.counts["lost"] += 1
                continue
            if whole is None:
                self.counts["changed"] += 1
            else:
                yield whole

    def _weight(self, task: Task) -> int:
        if self._blobs is None or not moves(task):
            return len(task.result_data or b"")
        return max(task.size_bytes or 0, BLOB_BYTES)

    def _put(self, tasks: Sequence[Task]) -> None:
        """Keep the tasks, each blob before its row."""
        ready: list[Task] = []
        try:
            for task in tasks:
                if self._blobs is None or not moves(task):
                    ready.append(task)
                    continue
                try:
                    data = self._blobs.read(task)
                except StorageError as error:
                    self.counts[self._fate(task, error)] += 1
                else:
                    ready.append(self._blobs.copied(task, data))
        finally:  # an interrupt or a full storage: the blobs that are there get their rows
            self._put_rows(ready)

    def _fate(self, task: Task, error: StorageError) -> str:
        """Return what became of a result whose blob was not given."""
        if not isinstance(error, LostBlobError):
            return "failed"
        return "lost" if is_in_place(self._source, task) else "changed"

    def _put_rows(self, ready: Sequence[Task]) -> None:
        self._name_legacy(ready)
        # A row as new is not replaced, so it goes first; if this ends here, the next run copies the result.
        delete_rows([task for task in ready if task.cache_key in self._blobless], self._target)
        kept, refused = put_possible(self._merger, ready)
        if self._blobs is not None:
            unkept = [task for task in ready if moves(task) and task.cache_key not in kept]
            kept |= named_copies(unkept, self._target, self._blobs.target)
        self.counts["refused"] += len(refused)
        self.counts["present"] += len(ready) - len(kept) - len(refused)
        self._count([task for task in ready if task.cache_key in kept])

    def _name_legacy(self, tasks: Sequence[Task]) -> None:
        """Let rows of earlier releases be hits in the file they go to, before they are there."""
        names = {task.func_name for task in tasks if is_legacy(task)}
        if self._file is not None and names:
            self._file.upkeep.add_legacy_holders({name: self._holders.get(name) for name in names})

    def _count(self, tasks: Sequence[Task]) -> None:
        files = sum(task.result_type == "FILE" for task in tasks)
        moved = 0 if self._blobs is None else sum(map(moves, tasks))
        self.counts["tasks"] += len(tasks)
        self.counts["size_bytes"] += sum(task.size_bytes or len(task.result_data or b"") for task in tasks)
        self.counts["blobs"] += moved
        self.counts["named_blobs"] += files - moved
        self.counts["legacy"] += sum(map(is_legacy, tasks)) if self._file is None else 0
