"""How often does a function run when everybody asks for the same missing result at once?"""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.answers import Answer, Scale, Target

THREADS, TASKS, PROCESSES, THREADS_EACH = 50, 200, 4, 8
CALL_S = 0.2


def slow(log: str) -> int:
    """Leave a byte in `log` for each execution; one short append is never torn."""
    with open(log, "ab", buffering=0) as file:
        file.write(b"x")
    time.sleep(CALL_S)
    return os.getpid()


async def slow_async(log: str) -> int:
    """Do the same on an event loop."""
    with open(log, "ab", buffering=0) as file:
        file.write(b"x")
    await asyncio.sleep(CALL_S)
    return os.getpid()


def executions(scale: Scale, folder: str) -> list[Answer]:
    """50 threads, 200 tasks, and 4 processes with 8 threads each, on one cold key."""
    del scale
    sync = {name: peers.SYNC[name] for name in ("beautyspot", "diskcache", "joblib")}
    return [
        answer(f"stampede: {THREADS} threads", {n: partial(crowd, m, THREADS) for n, m in sync.items()}, folder),
        answer(f"stampede: {TASKS} tasks", {"beautyspot": tasks}, folder),
        answer(
            f"stampede: {PROCESSES} processes × {THREADS_EACH} threads",
            {name: partial(processes, name) for name in sync},
            folder,
        ),
    ]


def answer(question: str, stampedes: dict[str, Callable[[str, str], None]], folder: str) -> Answer:
    """Return how often the function ran in each stampede."""
    figures, notes = {}, []
    for name, run in stampedes.items():
        place = Path(folder, question, name)
        place.mkdir(parents=True)
        start_s = time.perf_counter()
        run(str(place), f"{place}/log")
        notes.append(f"{name}: {time.perf_counter() - start_s:.2f} s")
        figures[name] = place.joinpath("log").stat().st_size
    return Answer(question, "executions", figures, (Target(figures["beautyspot"], 1, "execution"),), "; ".join(notes))


def crowd(memoize: Callable[..., Any], count: int, folder: str, log: str) -> None:
    """Call from `count` threads at once."""
    function, together = memoize(slow, folder), threading.Barrier(count)

    def call() -> None:
        together.wait()
        function(log)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tasks(folder: str, log: str) -> None:
    """Call from 200 tasks of one loop."""
    function = peers.beautyspot(slow_async, folder)

    async def gather() -> None:
        await asyncio.gather(*(function(log) for _ in range(TASKS)))

    with closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(gather())


def processes(name: str, folder: str, log: str) -> None:
    """Call from 8 threads in each of 4 processes, once all of them are ready."""
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(PROCESSES)
    workers = [context.Process(target=in_process, args=(name, folder, log, together)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def in_process(name: str, folder: str, log: str, together: Any) -> None:
    """Wait for the other processes, then call from 8 threads."""
    together.wait()
    crowd(peers.SYNC[name], THREADS_EACH, folder, log)
