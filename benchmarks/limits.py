"""What does it cost to ask a limiter that has nothing to wait for?"""

import time

from beautyspot.db import SQLiteTaskDB
from beautyspot.limiters import GCRA, SharedGCRA

from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.bounds import upsert_batch
from benchmarks.interleave import Batch, medians_us
from benchmarks.peers import Function

UPSERT = "bare sqlite3 upsert"
TPM = 6e12
"""So fast that nobody ever waits."""


def reserve(scale: Scale, folder: str) -> list[Answer]:
    """In memory, and shared by the processes of a machine."""
    shared = SharedGCRA(SQLiteTaskDB(f"{folder}/limits.db"), "bench", TPM)
    batches = {
        "in memory": batch_of_reserves(GCRA(TPM).reserve),
        "beautyspot": batch_of_reserves(shared.reserve),
        UPSERT: upsert_batch(f"{folder}/bare-limits.db"),
    }
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    memory = {"beautyspot": figures.pop("in memory")}
    return [
        Answer("limiter in memory, uncontended reserve", "µs", memory, (Target(memory["beautyspot"], 2, "µs"),)),
        Answer("shared limiter, uncontended reserve", "µs", figures, (ratio(figures, UPSERT, 1.5),)),
    ]


def batch_of_reserves(reserve: Function) -> Batch:
    """Return the batch of reservations."""

    def batch(count: int) -> float:
        start_s = time.perf_counter()
        for _ in range(count):
            reserve(1)
        return time.perf_counter() - start_s

    return batch
