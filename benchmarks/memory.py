"""How long does a hit take whose row is in memory, and what does memory cost one whose row is not?"""

import random
import time

from benchmarks import peers
from benchmarks.answers import Answer, Scale, ratio
from benchmarks.hits import filled
from benchmarks.interleave import Batch, medians_us
from benchmarks.workloads import WORKLOADS, Workload

REPEATED = {
    "short": ("a short text to 100 B", 0.15),
    "answer": ("3 arguments with a dict to 2 kB", 0.3),
    "summary": ("10 kB prompt to 2 kB", 0.45),
}
"""What is asked for, and the most that it may take of diskcache's time."""
HOT_ROWS = 1_000


def repeated(scale: Scale, folder: str) -> list[Answer]:
    """Hits of hot rows, at random among them."""
    answers: list[Answer] = []
    for name, (what, limit) in REPEATED.items():
        workload = WORKLOADS[name]
        batches = {
            "beautyspot": warm(peers.beautyspot(workload.function, folder), workload, HOT_ROWS),
            "diskcache": filled(peers.diskcache(workload.function, folder), workload, HOT_ROWS),
        }
        figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
        answers.append(
            Answer(f"repeated hit, {HOT_ROWS:,} hot rows, {what}", "µs", figures, (ratio(figures, "diskcache", limit),))
        )
    return answers


def warm(function: peers.Function, workload: Workload, rows: int) -> Batch:
    """Return the batch of a function that was called for each row often enough for it to be in memory."""
    batch = filled(function, workload, rows)
    for _ in range(3):
        for number in range(rows):
            function(*workload.arguments(number))
    return batch


def first(scale: Scale, folder: str) -> list[Answer]:
    """First hits of a process that holds rows in memory, beside one that doesn't."""
    workload = WORKLOADS["short"]
    filled(peers.beautyspot(workload.function, folder), workload, scale.rows)
    batches = {
        "beautyspot": untouched(workload, scale.rows, folder, 1 << 25),
        "without memory": untouched(workload, scale.rows, folder, 0),
    }
    figures = medians_us(batches, rounds=4 * scale.rounds, batch_s=scale.batch_s)
    return [Answer("first hit of a row, memory on and off", "µs", figures, (ratio(figures, "without memory", 1.05),))]


def untouched(workload: Workload, rows: int, folder: str, memory_bytes: int) -> Batch:
    """Return a batch that touches no row twice, each time with a Spot of its own."""

    def batch(count: int) -> float:
        function = peers.beautyspot(workload.function, folder, memory_bytes=memory_bytes)
        numbers = random.sample(range(rows), min(count + 1, rows))
        function(*workload.arguments(numbers.pop()))  # opens the file
        calls = [workload.arguments(number) for number in numbers]
        start_s = time.perf_counter()
        for args in calls:
            function(*args)
        return (time.perf_counter() - start_s) * count / len(calls)

    return batch
