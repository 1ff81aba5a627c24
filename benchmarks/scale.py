"""What do a hundred thousand rows cost, and a million?"""

import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import beautyspot as bs
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB

from benchmarks import pruning
from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.bounds import SELECT
from benchmarks.interleave import Batch, batch_of, medians_us, shuffled
from benchmarks.many import any_of, diskcached, fill_diskcache, fill_ours, marked
from benchmarks.workloads import WORKLOADS, call_times, random_calls

SHORT = WORKLOADS["short"]
FEW = 10_000


def rows(scale: Scale, folder: str) -> list[Answer]:
    """Each of the sizes in turn, beside diskcache, in files that are made once for all questions."""
    fill_ours(f"{folder}/few.db", SHORT, FEW)
    answers: list[Answer] = []
    for count in scale.many_rows:
        fill_ours(f"{folder}/{count}.db", SHORT, count)
        fill_diskcache(f"{folder}/{count}-diskcache", SHORT, count)
        answers += [
            hits(scale, folder, count),
            opening(scale, folder, count),
            questions(scale, folder, count),
            space(folder, count),
            pruning.answer(f"{folder}/{count}.db", count),
        ]
    return answers


def hits(scale: Scale, folder: str, count: int) -> Answer:
    """Random keys among all rows, from the file: nothing is held in memory."""
    for path in (f"{folder}/few.db", f"{folder}/{count}.db", f"{folder}/{count}-diskcache/cache.db"):
        Path(path).read_bytes()  # else the first touch of a page measures the disk
    few, many = f"beautyspot, {FEW:,} rows", f"beautyspot, {count:,} rows"
    batches = {
        few: ours(f"{folder}/few.db", FEW),
        many: ours(f"{folder}/{count}.db", count),
        "diskcache": theirs(f"{folder}/{count}-diskcache", count),
        f"bare sqlite3, {FEW:,}": bare(f"{folder}/few.db"),
        f"bare sqlite3, {count:,}": bare(f"{folder}/{count}.db"),
    }
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    targets = (ratio(figures, few, 1.3, us=many), ratio(figures, "diskcache", 0.6, us=many))
    return Answer(f"hit among {count:,} rows, without the memory tier", "µs", figures, targets)


def ours(path: str, count: int) -> Batch:
    """Return the batch that hits in a file of ours."""
    spot = bs.Spot("bench", db=path, storage=f"{path}-blobs", memory_bytes=0)
    return batch_of(any_of(marked(spot, SHORT)), lambda calls: random_calls(SHORT, count, calls))


def theirs(folder: str, count: int) -> Batch:
    """Return the batch that hits in a diskcache."""
    from diskcache import Cache

    return batch_of(any_of(diskcached(Cache(folder), SHORT)), lambda calls: random_calls(SHORT, count, calls))


def bare(path: str) -> Batch:
    """Return the batch of SQLite's own reads in a file of ours: what its size costs whoever asks."""
    connection = sqlite3.connect(path, isolation_level=None)
    keys = [row[0] for row in connection.execute("SELECT cache_key FROM tasks ORDER BY random() LIMIT 100000")]
    select = connection.cursor().execute

    def read(key: str) -> object:
        return select(SELECT, (key,)).fetchone()

    return batch_of(read, lambda calls: [(key,) for key in random.choices(keys, k=calls)])


def opening(scale: Scale, folder: str, count: int) -> Answer:
    """Open a database, read one row and close it."""
    SQLiteTaskDB(f"{folder}/empty.db").open()
    paths = {"an empty file": f"{folder}/empty.db", f"{count:,} rows": f"{folder}/{count}.db"}
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(scale.rounds):
        for name in shuffled(paths):
            start_s = time.perf_counter()
            with closing(SQLiteTaskDB(paths[name])) as db:
                db.get("0" * 32)
            times[name].append(time.perf_counter() - start_s)
    figures = {name: statistics.median(each) * 1e3 for name, each in times.items()}
    return Answer("open, miss and close", "ms", figures, (ratio(figures, "an empty file", 2, us=f"{count:,} rows"),))


def questions(scale: Scale, folder: str, count: int) -> Answer:
    """What the dashboard and the command line ask first."""
    with Catalog.open(f"{folder}/{count}.db") as catalog:
        after = catalog.tasks().next
        asked: dict[str, Callable[[], object]] = {
            "latest 50": catalog.tasks,
            "next 50": lambda: catalog.tasks(after=after),
            "50 of a function": lambda: catalog.tasks(function="bench.call_3"),
            "count by function": catalog.functions,
            "sum of sizes": catalog.size,
        }
        figures = {name: statistics.median(_times_ms(ask, scale.slow_rounds)) for name, ask in asked.items()}
    targets = tuple(Target(figure, 20, f"ms, {name}") for name, figure in figures.items())
    return Answer(f"the catalog of {count:,} rows", "ms", figures, targets)


def _times_ms(ask: Callable[[], object], rounds: int) -> list[float]:
    return [each * 1e3 for each in call_times(ask, [()] * rounds)]


def space(folder: str, count: int) -> Answer:
    """What a row takes on disk beside its value."""
    value_bytes = len(SHORT.function(*SHORT.arguments(0)))
    files = {"beautyspot": f"{folder}/{count}.db", "diskcache": f"{folder}/{count}-diskcache/cache.db"}
    figures = {name: Path(path).stat().st_size / count - value_bytes for name, path in files.items()}
    return Answer(f"bytes of a row above its value, {count:,} rows", "B", figures, (ratio(figures, "diskcache", 1.2),))
