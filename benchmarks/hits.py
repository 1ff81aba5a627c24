"""How long does a hit take that reads its row from the file, as the first one of each process does?"""

import asyncio
import random
from contextlib import ExitStack, closing

from benchmarks import peers, release
from benchmarks.answers import Answer, Scale, ratio
from benchmarks.bounds import Rows, key_of
from benchmarks.interleave import Batch, batch_of, medians_us
from benchmarks.workloads import WORKLOADS, Workload, random_calls

BOUND = "bare sqlite3"


def small(scale: Scale, folder: str) -> list[Answer]:
    """A text of a few letters to 100 bytes, at random among the rows."""
    figures = measure("short", scale, folder, everyone=True)
    targets = (
        ratio(figures, BOUND, 1.5),
        ratio(figures, "diskcache", 0.5),
        ratio(figures, "joblib", 0.1),
        ratio(figures, release.NAME, 0.1),
    )
    return [Answer(f"first hit of a row, {scale.rows:,} rows, random keys, 100 B value", "µs", figures, targets)]


def dictionary(scale: Scale, folder: str) -> list[Answer]:
    """Three arguments, one of them a dict, to 2 kB."""
    figures = measure("answer", scale, folder)
    return [
        Answer(
            "first hit of a row, 3 arguments with a dict, 2 kB value",
            "µs",
            figures,
            (ratio(figures, "diskcache", 0.5),),
        )
    ]


def prompt(scale: Scale, folder: str) -> list[Answer]:
    """A prompt of 10 kB to 2 kB."""
    figures = measure("summary", scale, folder)
    return [Answer("first hit of a row, 10 kB prompt as argument", "µs", figures, (ratio(figures, "diskcache", 0.65),))]


def measure(name: str, scale: Scale, folder: str, *, everyone: bool = False) -> dict[str, float]:
    """Return the medians of the hits of one workload."""
    workload, rows = WORKLOADS[name], scale.rows
    others = peers.SYNC if everyone else {"diskcache": peers.diskcache}
    sync = {**others, "beautyspot": peers.from_file}
    with ExitStack() as stack:
        batches = {
            BOUND: bound(workload, rows, folder),
            **{peer: filled(memoize(workload.function, folder), workload, rows) for peer, memoize in sync.items()},
        }
        if everyone:
            ask = stack.enter_context(release.worker(folder))
            ask("fill", name, rows)
            batches[release.NAME] = release.hits(ask, name, rows)
            batches["cashews (async)"] = coroutine(
                stack.enter_context(closing(asyncio.new_event_loop())), workload, rows, folder
            )
            batches["lru_cache (memory)"] = filled(peers.lru_cache(workload.function, folder), workload, rows)
        return medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)


def filled(function: peers.Function, workload: Workload, rows: int) -> Batch:
    """Return the batch of a function whose first `rows` results are kept."""
    for number in range(rows):
        function(*workload.arguments(number))
    return batch_of(function, lambda count: random_calls(workload, rows, count))


def coroutine(loop: asyncio.AbstractEventLoop, workload: Workload, rows: int, folder: str) -> Batch:
    """Return the batch of cashews, filled."""
    function = peers.cashews(workload.function, folder)

    async def fill() -> None:
        for number in range(rows):
            await function(*workload.arguments(number))

    loop.run_until_complete(fill())
    return peers.async_batch(loop, function, lambda count: random_calls(workload, rows, count))


def bound(workload: Workload, rows: int, folder: str) -> Batch:
    """Return the batch of bare reads; keys are as long as ours."""
    table = Rows(f"{folder}/bare.db")
    keys = [key_of(number) for number in range(rows)]
    for number, key in enumerate(keys):
        table.put(key, workload.function(*workload.arguments(number)))
    return batch_of(table.get, lambda count: [(key,) for key in random.choices(keys, k=count)])
