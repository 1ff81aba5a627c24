"""What does it cost to keep the result of a function that returns at once?"""

import itertools
import statistics
from collections.abc import Callable
from typing import Any

from benchmarks import peers, release
from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.bounds import Rows, key_of
from benchmarks.hits import BOUND
from benchmarks.interleave import shuffled
from benchmarks.workloads import WORKLOADS, call_times, short

SHORT = WORKLOADS["short"]
WARM_UP = 200

Times = Callable[[int], list[float]]
"""Makes that many new calls and returns the seconds that each took."""


def kept(scale: Scale, folder: str) -> list[Answer]:
    """Ever new arguments, one call after the other.

    A round is long enough to hold each one's checkpoints, which are part of what keeping costs: bare sqlite3 makes one
    in about 250 inserts. The notes give the median call, which has none.
    """
    with release.worker(folder) as ask:
        contenders: dict[str, Times] = {BOUND: bound(folder)}
        contenders.update((name, new_calls(memoize(short, folder))) for name, memoize in peers.SYNC.items())
        contenders[release.NAME] = lambda count: ask("misses", "short", count)
        rounds = {name: run(WARM_UP)[:0] for name, run in contenders.items()}
        calls = {name: run(WARM_UP) for name, run in contenders.items()}
        counts = {name: max(50, int(20 * scale.batch_s / statistics.mean(times))) for name, times in calls.items()}
        for _ in range(scale.slow_rounds):
            for name in shuffled(contenders):
                times = contenders[name](counts[name])
                rounds[name].append(statistics.mean(times))
                calls[name] += times
    figures = {name: statistics.median(means) * 1e6 for name, means in rounds.items()}
    single = ", ".join(f"{name} {statistics.median(times) * 1e6:.0f}" for name, times in calls.items())
    faster = Target(figures["diskcache"] / figures["beautyspot"], 2.5, "× faster than diskcache", at_least=True)
    targets = (ratio(figures, BOUND, 1.8), faster)
    return [Answer("kept miss, WAL and synchronous NORMAL", "µs", figures, targets, f"median call, µs: {single}")]


def new_calls(function: peers.Function) -> Times:
    """Return what makes calls that nobody made before."""
    numbers = itertools.count()
    return lambda count: call_times(function, [SHORT.arguments(number) for number in itertools.islice(numbers, count)])


def bound(folder: str) -> Times:
    """Return what makes bare inserts: see `bounds.Rows.put`."""
    table, numbers = Rows(f"{folder}/bare.db"), itertools.count()

    def put(count: int) -> list[float]:
        rows: list[tuple[Any, ...]] = [(key_of(n), short(f"item-{n}")) for n in itertools.islice(numbers, count)]
        return call_times(table.put, rows)

    return put
