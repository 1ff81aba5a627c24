"""What does it cost to keep the result of a function that returns at once?"""

import itertools
from typing import Any

from benchmarks import peers, release
from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.bounds import Rows, key_of
from benchmarks.hits import BOUND
from benchmarks.interleave import Batch, batch_of, medians_us
from benchmarks.workloads import WORKLOADS, short

SHORT = WORKLOADS["short"]


def kept(scale: Scale, folder: str) -> list[Answer]:
    """Ever new arguments, one call after the other."""
    with release.worker(folder) as ask:
        batches = {BOUND: bound(folder)}
        batches.update((name, new_calls(memoize(short, folder))) for name, memoize in peers.SYNC.items())
        batches[release.NAME] = release.misses(ask, "short")
        figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    faster = Target(figures["diskcache"] / figures["beautyspot"], 2.5, "× faster than diskcache", at_least=True)
    return [Answer("kept miss, WAL and synchronous NORMAL", "µs", figures, (ratio(figures, BOUND, 1.8), faster))]


def new_calls(function: peers.Function) -> Batch:
    """Return the batch of calls that nobody made before."""
    numbers = itertools.count()
    return batch_of(function, lambda count: [SHORT.arguments(number) for number in itertools.islice(numbers, count)])


def bound(folder: str) -> Batch:
    """Return the batch of bare inserts: see `bounds.Rows.put`."""
    table, numbers = Rows(f"{folder}/bare.db"), itertools.count()

    def rows(count: int) -> list[tuple[Any, ...]]:
        return [(key_of(number), short(f"item-{number}")) for number in itertools.islice(numbers, count)]

    return batch_of(table.put, rows)
