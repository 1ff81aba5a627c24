"""What does `compress="zstd"` save, and what does it cost?"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import beautyspot as bs

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.interleave import Batch, batch_of, medians_us

TEXT = "".join(path.read_text("utf-8") for path in sorted((Path(__file__).parents[1] / "docs").rglob("*.md")))
"""Prose and code as people write them, which a repeated sentence would flatter."""
VALUE_BYTES = 20_000
ROWS = 100
NAMES = {"beautyspot": "zstd", "plain": None}


def text(number: int) -> dict[str, Any]:
    """Return 20 kB, another piece of the text for each number."""
    start = number * 997 % (len(TEXT) - VALUE_BYTES)
    return {"id": number, "text": TEXT[start : start + VALUE_BYTES], "usage": {"total_tokens": 5000}}


def saving(scale: Scale, folder: str) -> list[Answer]:
    """Keep and read results of 20 kB, compressed and not; both from the file."""
    spots = {
        name: bs.Spot(name, db=f"{folder}/{name}.db", storage=f"{folder}/{name}", compress=how, memory_bytes=0)
        for name, how in NAMES.items()
    }
    marked = {name: spot.mark(text) for name, spot in spots.items()}
    fresh = count(ROWS)
    kept = medians_us({name: misses(one, fresh) for name, one in marked.items()}, rounds=scale.rounds, batch_s=0.02)
    read = medians_us({name: hits(one) for name, one in marked.items()}, rounds=scale.rounds, batch_s=scale.batch_s)
    sizes = {name: mean_size(f"{folder}/{name}.db") for name in spots}
    for spot in spots.values():
        spot.shutdown()
    what = "20 kB text result, compressed"
    return [
        Answer(f"{what}, size", "bytes", sizes, (ratio(sizes, "plain", 0.6),)),
        Answer(f"{what}, kept miss", "µs", kept, (ratio(kept, "plain", 2),)),
        Answer(f"{what}, hit", "µs", read, (ratio(read, "plain", 3.5),)),
    ]


def misses(function: Callable[[int], Any], numbers: "count[int]") -> Batch:
    """Return the batch of calls that are all new."""
    return batch_of(function, lambda calls: [(next(numbers),) for _ in range(calls)])


def hits(function: Callable[[int], Any]) -> Batch:
    """Return the batch of calls that are all kept."""
    for number in range(ROWS):
        function(number)
    return batch_of(function, lambda calls: [(number % ROWS,) for number in range(calls)])


def mean_size(path: str) -> float:
    """Return the mean size of what the rows hold."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT avg(size_bytes) FROM tasks").fetchone()[0]
