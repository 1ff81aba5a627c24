"""Hits at random in a file until a line comes in, then prints the median, the 99th percentile (µs) and the number."""

import select
import statistics
import sys

import beautyspot as bs

from benchmarks.many import any_of, marked
from benchmarks.workloads import WORKLOADS, call_times, random_calls

ROUND = 200


def main(path: str, count: int) -> None:
    """Hit among the newer nine tenths, which stay."""
    workload = WORKLOADS["short"]
    spot = bs.Spot("bench", db=path, storage=f"{path}-blobs", memory_bytes=0)
    call = any_of(marked(spot, workload))
    calls = [args for args in random_calls(workload, count, 100_000) if int(args[0][5:]) > count // 10]
    call_times(call, calls[:ROUND])
    print("begun", flush=True)
    times: list[float] = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        start = len(times) % (len(calls) - ROUND)
        times += call_times(call, calls[start : start + ROUND])
    print(statistics.median(times) * 1e6, statistics.quantiles(times, n=100)[-1] * 1e6, len(times))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
