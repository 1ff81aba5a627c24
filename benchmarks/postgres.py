"""What does a call on a PostgreSQL server add to bare psycopg with a kept connection?

Every batch connects anew before its clock starts: which core the server's process of a connection comes to lie on makes
a round trip take 30 or 80 µs for as long as the connection lives.
"""

import itertools
import os
import random
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beautyspot as bs
from msgpack import packb, unpackb

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.bounds import key_of
from benchmarks.interleave import Batch, medians_us, seconds, shuffled
from benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    import psycopg

HIT_BOUND = "bare psycopg SELECT"
MISS_BOUND = "bare psycopg SELECT and INSERT"
INSERT_BOUND = "bare psycopg INSERT"
SELECT = "SELECT result_data FROM tasks WHERE cache_key = %s"
INSERT = (
    "INSERT INTO tasks (cache_key, func_name, input_id, result_type, result_data, updated_at, size_bytes, elapsed_s) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
QUESTION = "PostgreSQL on loopback"
DEBIAN = Path("/usr/lib/postgresql")
WORKLOAD = WORKLOADS["short"]
WARM_UP = 20
CALLS = 100
"""Misses of a round."""
LONGEST_START_S = 30.0

Call = Callable[[int], Any]


def calls(scale: Scale, folder: str) -> list[Answer]:
    """Whole marked calls against hand-written ones on the same table, each committed to the disk."""
    programs = [program(name) for name in ("initdb", "postgres")]
    if None in programs:
        return [Answer(QUESTION, "µs", {}, (), "not measured: postgresql is not installed")]
    with (
        server(str(programs[0]), str(programs[1])) as url,
        closing(Ours(url, folder)) as ours,
        closing(Bare(url)) as bare,
    ):
        for number in range(scale.rows):
            ours.call(number)
            bare.insert(number)
        bare.connection.execute("VACUUM ANALYZE tasks")
        asked, new = lambda: random.randrange(scale.rows), itertools.count(10**9).__next__
        hits = {HIT_BOUND: batch_of(bare, bare.hit, asked), "beautyspot": batch_of(ours, ours.call, asked)}
        hit_us = medians_us(hits, rounds=scale.rounds, batch_s=scale.batch_s)
        misses = {MISS_BOUND: bare.miss, INSERT_BOUND: bare.insert, "beautyspot": ours.call}
        miss_us = call_medians_us(misses, (ours, bare), new, scale.slow_rounds)
    return [
        Answer(f"{QUESTION}, hit, 100 B value", "µs", hit_us, (ratio(hit_us, HIT_BOUND, 1.5),)),
        Answer(f"{QUESTION}, kept miss, committed to the disk", "µs", miss_us, (ratio(miss_us, MISS_BOUND, 1.5),)),
    ]


class Bare:
    """What one would write by hand."""

    def __init__(self, url: str) -> None:
        """Connect."""
        self._url = url
        self.connection = self._connect()

    def _connect(self) -> "psycopg.Connection[Any]":
        import psycopg  # an extra; 120 ms

        return psycopg.connect(self._url, autocommit=True)

    def reconnect(self) -> None:
        """Connect anew."""
        self.connection.close()
        self.connection = self._connect()

    def hit(self, number: int) -> Any:
        """Read one value."""
        row = self.connection.execute(SELECT, (key_of(number),)).fetchone()
        return None if row is None else unpackb(row[0])

    def insert(self, number: int) -> None:
        """Keep one value."""
        key, data = key_of(number), packb(WORKLOAD.function(*WORKLOAD.arguments(number)))
        row = (key, "bench.short", key, "DIRECT_BLOB", data, datetime.now(UTC).replace(tzinfo=None), len(data), 0.0)
        self.connection.execute(INSERT, row)

    def miss(self, number: int) -> None:
        """Look for a value, and keep it as it isn't there."""
        if self.hit(number) is None:
            self.insert(number)

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


class Ours:
    """A marked function."""

    def __init__(self, url: str, folder: str) -> None:
        """Make the tables."""
        self._spot = bs.Spot("bench", db=url, storage=f"{folder}/blobs", on_save_error="raise")
        self._marked = self._spot.mark(WORKLOAD.function)
        self.call(-1)

    def reconnect(self) -> None:
        """Let the next call connect anew."""
        self._spot.shutdown()

    def call(self, number: int) -> Any:
        """Call it."""
        return self._marked(*WORKLOAD.arguments(number))

    def close(self) -> None:
        """Give the connections back."""
        self._spot.shutdown()


def batch_of(contender: Bare | Ours, call: Call, number: Callable[[], int]) -> Batch:
    """Return the batch of calls with numbers of that kind, on new connections that are warm."""

    def batch(count: int) -> float:
        contender.reconnect()
        for _ in range(WARM_UP):
            call(number())
        numbers = [number() for _ in range(count)]
        start_s = time.perf_counter()
        for each in numbers:
            call(each)
        return time.perf_counter() - start_s

    return batch


def call_medians_us(
    calls: Mapping[str, Call], contenders: Iterable[Bare | Ours], new: Callable[[], int], rounds: int
) -> dict[str, float]:
    """Return the median call of each, one of everybody's after the other: a commit waits 0.2 or 5 ms for the disk."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for contender in contenders:
            contender.reconnect()
        for name in calls:
            for _ in range(WARM_UP):
                calls[name](new())
        for _ in range(CALLS):
            for name in shuffled(calls):
                times[name].append(seconds(calls[name], new()))
    return {name: statistics.median(taken) * 1e6 for name, taken in times.items()}


def program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs, which Debian keeps off the PATH."""
    return shutil.which(name) or next(map(str, sorted(DEBIAN.glob(f"*/bin/{name}"), reverse=True)), None)


@contextmanager
def server(initdb: str, postgres: str) -> Iterator[str]:
    """Give the URL of a server with its default settings, which are durable; it is gone afterwards."""
    folder = Path(os.path.realpath("/tmp")) / f"pg-bench-{os.getpid()}"  # short: it holds a socket
    folder.mkdir(mode=0o700)
    user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody", "nogroup")
        user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    try:
        data = str(folder / "data")
        command = [*user, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(command, check=True, capture_output=True)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        command = [*user, postgres, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return once the server answers."""
    import psycopg  # as above

    deadline_s = time.monotonic() + LONGEST_START_S
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)
