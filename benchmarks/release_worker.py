"""Runs in the environment of release 2.4.1: a line of JSON in, a line of JSON out."""

import json
import sys
import time

import beautyspot as bs
from workloads import WORKLOADS, call_times, random_calls  # beside this file, which is run as a script

SPOT = bs.Spot("release", db="release.db", storage_path="release-blobs", tpm=10_000_000)
MARKED = {name: SPOT.mark(workload.function) for name, workload in WORKLOADS.items()}
NEXT = dict.fromkeys(WORKLOADS, 0)


def fill(name, rows):
    """Keep the first `rows` results."""
    for number in range(rows):
        MARKED[name](*WORKLOADS[name].arguments(number))
    NEXT[name] = rows


def hits(name, rows, count):
    """Return the seconds that `count` hits take."""
    function, calls = MARKED[name], random_calls(WORKLOADS[name], rows, count)
    start_s = time.perf_counter()
    for args in calls:
        function(*args)
    return time.perf_counter() - start_s


def misses(name, count):
    """Return the seconds that each of `count` new calls takes."""
    NEXT[name] += count
    calls = [WORKLOADS[name].arguments(number) for number in range(NEXT[name] - count, NEXT[name])]
    return call_times(MARKED[name], calls)


if __name__ == "__main__":
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        print(json.dumps({"fill": fill, "hits": hits, "misses": misses}[what](*arguments)), flush=True)
