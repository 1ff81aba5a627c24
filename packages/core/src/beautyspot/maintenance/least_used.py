"""Which results go so that the others fit a size: those that were not used for longest."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from beautyspot.batched import batched
from beautyspot.protocols import Uses
from beautyspot.records import Task
from beautyspot.sizes import Size, bytes_of

CHUNK = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER_US = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND


def least_used(tasks: Callable[[], Iterable[Task]], uses: Uses | None, max_bytes: Size, /) -> Iterator[Task]:
    """Yield the least recently used of `tasks`, as many as it takes to leave no more than `max_bytes` of values.

    One that is larger than that by itself goes first, as no other could make room for it. A result that was never read
    counts as used when it was kept. Rows of earlier releases, which don't say their size,
    are left alone.

    Args:
        tasks: Lists them; called twice, so that a million rows take 24 MB here and not 600.
        uses: Tells when they were read; None if nobody noted it.
        max_bytes: From 0, or as '5GB'.

    Raises:
        ConfigurationError: `max_bytes` is no size.
    """
    limit_bytes = bytes_of(max_bytes)
    times, sizes, giants = array("q"), array("q"), 0
    for used_us, task in _by_use(tasks(), uses):
        if _is_giant(task, limit_bytes):
            giants += 1
            continue
        times.append(used_us)
        sizes.append(task.size_bytes or 0)
    excess = sum(sizes) - limit_bytes
    if excess <= 0 and not giants:
        return
    last_us, left = _cutoff(times, sizes, excess) if excess > 0 else (NEVER_US, 0)
    for used_us, task in _by_use(tasks(), uses):
        if used_us < last_us or _is_giant(task, limit_bytes):
            yield task
        elif used_us == last_us and left > 0:
            left -= task.size_bytes or 0
            yield task


def _is_giant(task: Task, limit_bytes: int) -> bool:
    return (task.size_bytes or 0) > limit_bytes


def _cutoff(times: "array[int]", sizes: "array[int]", excess: int) -> tuple[int, int]:
    """Return the last use up to which results go, and how many bytes of those used in that very moment."""
    by_time: dict[int, int] = {}
    for used_us, size_bytes in zip(times, sizes, strict=True):
        by_time[used_us] = by_time.get(used_us, 0) + size_bytes
    for used_us in sorted(by_time):
        if by_time[used_us] >= excess:
            return used_us, excess
        excess -= by_time[used_us]
    raise AssertionError("more was to go than there is")


def _by_use(tasks: Iterable[Task], uses: Uses | None) -> Iterator[tuple[int, Task]]:
    """Yield each task of a known size after the microseconds since 1970 UTC at which it was last used."""
    rows = (task for task in tasks if task.size_bytes is not None)
    for chunk in batched(rows, CHUNK):
        last = dict[str, datetime]() if uses is None else uses.last([task.cache_key for task in chunk])
        for task in chunk:
            yield (max(task.updated_at, last.get(task.cache_key, EPOCH)) - EPOCH) // MICROSECOND, task
