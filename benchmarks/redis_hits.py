"""How much does a hit on a Redis server add to the bare GET?"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import beautyspot as bs

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.bounds import key_of
from benchmarks.hits import filled
from benchmarks.interleave import batch_of, medians_us
from benchmarks.workloads import WORKLOADS

BOUND = "bare redis-py GET"
WORKLOAD = WORKLOADS["short"]
QUESTION = "Redis on loopback, hit, 100 B value"
LONGEST_START_S = 20.0


def hits(scale: Scale, folder: str) -> list[Answer]:
    """A whole marked call against one `GET` of a value of the same size, through redis-py's own client."""
    program = shutil.which("redis-server")
    if program is None:
        return [Answer(QUESTION, "µs", {}, (), "not measured: redis-server is not installed")]
    from redis import Redis  # an extra; 500 ms

    with server(program, folder) as port, closing(Redis(port=port)) as client:
        for number in range(scale.rows):
            client.set(key_of(number), WORKLOAD.function(*WORKLOAD.arguments(number)))
        with bs.Spot("bench", db=f"redis://127.0.0.1:{port}/0", storage=f"{folder}/blobs") as spot:
            ours = filled(spot.mark(WORKLOAD.function), WORKLOAD, scale.rows)
            keys = [(key_of(number),) for number in range(scale.rows)]
            batches = {BOUND: batch_of(client.get, lambda count: [keys[n % len(keys)] for n in range(count)])}
            figures = medians_us({**batches, "beautyspot": ours}, rounds=scale.rounds, batch_s=scale.batch_s)
            spot.shutdown()
    return [Answer(QUESTION, "µs", figures, (ratio(figures, BOUND, 1.5),))]


@contextmanager
def server(program: str, folder: str) -> Iterator[int]:
    """Give the port of a server that forgets everything at the end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + LONGEST_START_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{program} did not start")
            time.sleep(0.01)
        yield port
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
