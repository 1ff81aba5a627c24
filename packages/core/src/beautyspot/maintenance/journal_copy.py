"""Activity and runs from one database to another, as often as one likes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from beautyspot.batched import batched
from beautyspot.protocols import SupportsJournal, SupportsJournalReads, TaskDB
from beautyspot.records import Activity, Run

Row = TypeVar("Row", Activity, Run)
CHUNK = 500


def copy_activity(source: TaskDB, target: TaskDB, *, dry_run: bool = False) -> int:
    """Bring each count in `target` up to that in `source`, and return how many rows that changes.

    The difference is added, so what others count in the target meanwhile stays. A second time it is nothing.
    """
    if not isinstance(target, SupportsJournal):
        return 0
    return _write(missing_activity(source, target), None if dry_run else target.add_activity)


def copy_runs(source: TaskDB, target: TaskDB, *, dry_run: bool = False) -> int:
    """Copy the runs that `target` doesn't have, and return how many those are."""
    if not isinstance(target, SupportsJournal):
        return 0
    return _write(missing_runs(source, target), None if dry_run else target.add_runs)


def missing_activity(source: TaskDB, target: TaskDB, /) -> Iterator[Activity]:
    """Yield what must be added to each row of `target` to be no less than that of `source`, where that is anything."""
    there = {row[:2]: row for row in target.read_activity()} if isinstance(target, SupportsJournalReads) else {}
    for row in source.read_activity() if isinstance(source, SupportsJournalReads) else ():
        kept = there.get(row[:2])
        missing = row if kept is None else _difference(row, kept)
        if any(missing[2:]):
            yield missing


def missing_runs(source: TaskDB, target: TaskDB, /) -> Iterator[Run]:
    """Yield the runs of `source` that `target` doesn't have."""
    there = {run.run_id for run in target.read_runs()} if isinstance(target, SupportsJournalReads) else set[str]()
    runs = source.read_runs() if isinstance(source, SupportsJournalReads) else ()
    return (run for run in runs if run.run_id not in there)


def _difference(row: Activity, kept: Activity) -> Activity:
    # Rounded: sums of fractions differ in their last digits, and would be added to for ever.
    return Activity(
        row.func_name,
        row.minute,
        max(0, row.hits - kept.hits),
        max(0, row.misses - kept.misses),
        max(0, row.errors - kept.errors),
        max(0.0, round(row.saved_s - kept.saved_s, 6)),
        max(0.0, round(row.waited_s - kept.waited_s, 6)),
        max(0, row.tokens_spent - kept.tokens_spent),
        max(0, row.tokens_saved - kept.tokens_saved),
    )


def _write(rows: Iterable[Row], write: Callable[[Sequence[Row]], None] | None) -> int:
    """Write the rows in chunks, unless there is nothing to write with, and return how many they are."""
    count = 0
    for chunk in batched(rows, CHUNK):
        count += len(chunk)
        if write is not None:
            write(chunk)
    return count
