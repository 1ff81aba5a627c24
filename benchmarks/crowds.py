"""What happens when 8 threads or 4 processes come at once?"""

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks import peers
from benchmarks.answers import Answer, Scale, Target
from benchmarks.interleave import shuffled
from benchmarks.workloads import WORKLOADS, random_calls

THREADS, PROCESSES = 8, 4
CONTENDERS = ("beautyspot", "diskcache")
SHORT = WORKLOADS["short"]

Round = list[float]
"""Seconds of every call of a round, from all threads or processes."""


def hits(scale: Scale, folder: str) -> list[Answer]:
    """8 threads hitting rows in the file, and rows in memory."""
    rates = rates_of(scale, folder)
    ratios = {name: rates[name] / rates["diskcache"] for name in rates}
    memory = rates.pop("in memory")
    return [
        Answer(
            f"{THREADS} threads, first hits of rows", "hits/s", rates,
            (Target(ratios["beautyspot"], 3, "× diskcache", at_least=True),),
        ),
        Answer(
            f"{THREADS} threads, repeated hits", "hits/s", {**rates, "beautyspot": memory},
            (Target(ratios["in memory"], 10, "× diskcache", at_least=True),),
        ),
    ]  # fmt: skip


def rates_of(scale: Scale, folder: str) -> dict[str, float]:
    """Return the hits a second of all threads together; the key that names no contender is ours from memory."""
    functions = {
        "beautyspot": peers.from_file(SHORT.function, folder),
        "diskcache": peers.diskcache(SHORT.function, folder),
        "in memory": peers.beautyspot(SHORT.function, folder),
    }
    rates: dict[str, list[float]] = {name: [] for name in functions}
    calls = random_calls(SHORT, scale.rows, 50_000)
    for function in functions.values():
        for number in range(scale.rows):
            function(*SHORT.arguments(number))
    for _ in range(scale.burst_rounds):
        for name in shuffled(functions):
            times = in_threads(lambda place, name=name: repeat(functions[name], calls, place * 997, scale.burst_s))
            rates[name].append(len(times) / scale.burst_s)
    return {name: statistics.median(counts) for name, counts in rates.items()}


def inserts(scale: Scale, folder: str) -> list[Answer]:
    """The worst insert under 8 threads, and under 4 processes."""
    functions = {name: peers.SYNC[name](SHORT.function, folder) for name in CONTENDERS}
    threads = rounds(scale, lambda name, number: in_threads(
        lambda place: insert(functions[name], f"t{number}-{place}", scale.burst_s)
    ))  # fmt: skip
    answers = [worst(f"worst insert under {THREADS} threads", threads)]
    with Crew(folder) as crew:
        processes = rounds(scale, lambda name, number: crew.insert(name, number, scale.burst_s))
    return [*answers, worst(f"worst insert under {PROCESSES} processes", processes)]


def rounds(scale: Scale, run: Callable[[str, int], Round]) -> dict[str, list[Round]]:
    """Return the rounds of each contender, after one to warm up."""
    done: dict[str, list[Round]] = {name: [] for name in CONTENDERS}
    for number in range(scale.burst_rounds + 1):
        for name in shuffled(CONTENDERS):
            done[name].append(run(name, number))
    return {name: all_rounds[1:] for name, all_rounds in done.items()}


def worst(question: str, done: dict[str, list[Round]]) -> Answer:
    """Return the median over the rounds of the longest insert of each."""
    figures = {name: statistics.median(max(times) for times in all_rounds) * 1e3 for name, all_rounds in done.items()}
    notes = "; ".join(f"{name}: {tail(all_rounds)}" for name, all_rounds in done.items())
    target = Target(figures["beautyspot"] / figures["diskcache"], 1, "× diskcache")
    return Answer(question, "ms", figures, (target,), notes)


def tail(all_rounds: list[Round]) -> str:
    """Return what the median of the longest leaves out."""
    times = sorted(time_s for times in all_rounds for time_s in times)
    longest, p99 = times[-1] * 1e3, times[len(times) * 99 // 100] * 1e3
    return f"longest of all {longest:.0f} ms, p99 {p99:.1f} ms, {len(times) / len(all_rounds):,.0f} a round"


def repeat(function: peers.Function, calls: list[tuple[Any, ...]], start: int, seconds: float) -> Round:
    """Call for `seconds`; the times of single hits are not asked for, so they are not measured."""
    count, end_s = 0, time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        for _ in range(20):
            function(*calls[(start + count) % len(calls)])
            count += 1
    return [0.0] * count


def insert(function: peers.Function, name: str, seconds: float) -> Round:
    """Call with ever new arguments for `seconds`, and return how long each call took."""
    times: Round = []
    now_s = time.perf_counter()
    end_s = now_s + seconds
    while now_s < end_s:
        function(f"{name}-{len(times)}")
        start_s, now_s = now_s, time.perf_counter()
        times.append(now_s - start_s)
    return times


def in_threads(work: Callable[[int], Round]) -> Round:
    """Do `work` in 8 threads that begin together, and return the times of them all."""
    together = threading.Barrier(THREADS)
    done: list[Round] = []

    def run(place: int) -> None:
        together.wait()
        done.append(work(place))

    threads = [threading.Thread(target=run, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [time_s for times in done for time_s in times]


class Crew:
    """Processes that insert when they are told to."""

    def __init__(self, folder: str) -> None:
        """Start them."""
        context = multiprocessing.get_context("spawn")
        self.pipes, self.processes = [], []
        for place in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, folder, place), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)

    def insert(self, name: str, number: int, seconds: float) -> Round:
        """Let all insert into `name` at once, and return the times of them all."""
        for pipe in self.pipes:
            pipe.send((name, number, seconds))
        return [time_s for pipe in self.pipes for time_s in pipe.recv()]

    def __enter__(self) -> "Crew":
        """Return the crew, ready."""
        for pipe in self.pipes:
            pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        """Send them home."""
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join()


def serve(pipe: Any, folder: str, place: int) -> None:
    """Insert for every order that comes through `pipe`."""
    functions = {name: peers.SYNC[name](SHORT.function, folder) for name in CONTENDERS}
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        name, number, seconds = order
        pipe.send(insert(functions[name], f"p{number}-{place}", seconds))
