"""Fair timing: every contender in every round, in an order of its own, so that a busy machine is busy for all."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Batch = Callable[[int], float]
"""Makes that many calls and returns the seconds they took."""


def medians_us(batches: Mapping[str, Batch], *, rounds: int, batch_s: float) -> dict[str, float]:
    """Return each contender's median microseconds per call, over `rounds` batches of about `batch_s` seconds."""
    counts = {name: calls_in(batch, batch_s) for name, batch in batches.items()}
    figures: dict[str, list[float]] = {name: [] for name in batches}
    for _ in range(rounds):
        for name in shuffled(batches):
            count = counts[name]
            figures[name].append(batches[name](count) / count * 1e6)
    return {name: statistics.median(times) for name, times in figures.items()}


def calls_in(batch: Batch, batch_s: float) -> int:
    """Return how many calls take about `batch_s` once they are warm."""
    batch(4)  # opens files and imports what is imported late: many times the length of a call
    count = 4
    while (taken_s := batch(count)) < batch_s / 4 and count < 100_000:
        count *= 2
    return max(4, int(count * batch_s / taken_s))


def shuffled(names: Iterable[str]) -> list[str]:
    """Return `names` in an order that differs each time."""
    order = list(names)
    random.shuffle(order)
    return order


def seconds(function: Callable[..., Any], *args: Any) -> float:
    """Return how long one call takes."""
    start_s = time.perf_counter()
    function(*args)
    return time.perf_counter() - start_s


def batch_of(function: Callable[..., Any], arguments: Callable[[int], list[tuple[Any, ...]]]) -> Batch:
    """Return the batch that calls `function`; the arguments are made before the clock starts."""

    def batch(count: int) -> float:
        calls = arguments(count)
        start_s = time.perf_counter()
        for args in calls:
            function(*args)
        return time.perf_counter() - start_s

    return batch
