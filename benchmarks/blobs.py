"""What does a result of 100 MB cost, in time and in memory?"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import peers
from benchmarks.answers import Answer, Scale, Target
from benchmarks.interleave import seconds, shuffled
from benchmarks.peers import Function

MB = 1 << 20
ROOT = Path(__file__).parents[1]
PLAIN = "plain file"

_data: dict[int, bytes] = {}


def big(size_mb: int) -> bytes:
    """Return the same random bytes each time; making them is no part of what is measured."""
    if size_mb not in _data:
        _data[size_mb] = os.urandom(size_mb * MB)
    return _data[size_mb]


def round_trip(scale: Scale, folder: str) -> list[Answer]:
    """Keep and read, beside writing and reading the file; then the memory that each of the two takes."""
    figures = timed(scale, folder)
    size = f"{scale.blob_mb} MB bytes result as a blob"
    target = Target(figures["beautyspot"] / figures[PLAIN], 1.3, f"× {PLAIN}")
    times = Answer(f"{size}, write and read", "ms", figures, (target,))
    peaks = {f"{what} it": peak_mb(what, scale.blob_mb, folder) for what in ("write", "read")}
    most = Target(max(peaks.values()) - scale.blob_mb, 64, "MB above the value")
    return [times, Answer(f"{size}, peak memory", "MB", peaks, (most,))]


def timed(scale: Scale, folder: str) -> dict[str, float]:
    """Return the medians of writing and then reading, in milliseconds."""
    from diskcache import Cache  # as in `peers`

    cache, size_mb = Cache(f"{folder}/diskcache"), scale.blob_mb
    ours, theirs = peers.beautyspot(big, folder), cache.memoize()(big)
    plain = Path(folder) / "plain.bin"
    # What forgets, makes and reads the value.
    pairs: dict[str, tuple[Function, Function, Function]] = {
        PLAIN: (lambda: plain.unlink(missing_ok=True), lambda: plain.write_bytes(big(size_mb)), plain.read_bytes),
        "beautyspot": (lambda: ours.invalidate(size_mb), lambda: ours(size_mb), lambda: ours(size_mb)),
        "diskcache": (cache.clear, lambda: theirs(size_mb), lambda: theirs(size_mb)),
    }
    times: dict[str, list[float]] = {name: [] for name in pairs}
    for number in range(1 + scale.slow_rounds):
        for name in shuffled(pairs):
            clean, write, read = pairs[name]
            clean()
            taken_s = seconds(write) + seconds(read)
            if number:
                times[name].append(taken_s)
    for clean, _, _ in pairs.values():
        clean()
    return {name: statistics.median(all_times) * 1e3 for name, all_times in times.items()}


def peak_mb(what: str, size_mb: int, folder: str) -> float:
    """Return how far a process's memory rises above where it stood before it had the value."""
    command = [sys.executable, "-m", "benchmarks.blobs", what, str(size_mb), f"{folder}/memory"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def peak_now_mb() -> float:
    """Return the most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # `ru_maxrss` is no less than what the parent had when it started us, on Linux.
        return float(status.read_text("utf-8").partition("VmHWM:")[2].split()[0]) * 1024 / MB
    import resource  # not on Windows, which has no such file either

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def main(what: str, size_mb: int, folder: str) -> None:
    """Print how far the peak rises while the value is written, or read by a process that never made it."""
    Path(folder).mkdir(exist_ok=True)
    function = peers.beautyspot(make, folder)
    function(1)  # everything is imported and opened: what rises from here on is the value's
    function(1)
    hits, before_mb = function.cache_info().hits, peak_now_mb()
    value = function(size_mb)
    rise_mb = peak_now_mb() - before_mb
    assert len(value) == size_mb * MB
    assert function.cache_info().hits - hits == int(what == "read")
    print(rise_mb)


def make(size_mb: int) -> bytes:
    """Return bytes that are made in one piece."""
    return b"\xa5" * (size_mb * MB)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
