"""How soon does a fresh process have its first hit?

The time from starting the interpreter to the line that the script prints after its first hit, and to its end. Bytecode
is compiled first: PYTHONDONTWRITEBYTECODE is taken out of the environment and each script runs until nothing is left
to compile, because without bytecode an import takes three times as long and every figure is that of the compiler.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import release
from benchmarks.answers import Answer, Scale, ratio
from benchmarks.hits import BOUND
from benchmarks.interleave import shuffled

SCRIPTS = Path(__file__).parent / "fresh"
WARM_UPS = 3


class Start(NamedTuple):
    """Milliseconds since the interpreter was started."""

    first_hit_ms: float
    end_ms: float


def first_hit(scale: Scale, folder: str) -> list[Answer]:
    """Import, open, first hit."""
    commands = {
        BOUND: [sys.executable, SCRIPTS / "with_sqlite3.py", folder],
        "beautyspot": [sys.executable, SCRIPTS / "with_beautyspot.py", folder],
        "diskcache": [sys.executable, SCRIPTS / "with_diskcache.py", folder],
        "joblib": [sys.executable, SCRIPTS / "with_joblib.py", folder],
        release.NAME: [release.install(), SCRIPTS / "with_release.py", folder],
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    starts: dict[str, list[Start]] = {name: [] for name in commands}
    for number in range(WARM_UPS + 2 * scale.slow_rounds):
        for name in shuffled(commands):
            start = run([str(part) for part in commands[name]], environment)
            if number >= WARM_UPS:
                starts[name].append(start)
    figures = {
        name: statistics.median(start.first_hit_ms for start in all_starts) for name, all_starts in starts.items()
    }
    ends = "; ".join(f"{name} {statistics.median(one.end_ms for one in of_all):.0f}" for name, of_all in starts.items())
    targets = (ratio(figures, BOUND, 1.3), ratio(figures, "diskcache", 1))
    return [
        Answer("fresh process: import, open, first hit", "ms", figures, targets, f"to the process's end, ms: {ends}")
    ]


def run(command: list[str], environment: dict[str, str]) -> Start:
    """Run a script once."""
    start_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        hit_s = time.perf_counter()
    if line != b"100\n" or process.returncode:
        raise RuntimeError(f"{command[1]} printed {line!r} and ended with {process.returncode}; expected 100 and 0")
    return Start((hit_s - start_s) * 1e3, (time.perf_counter() - start_s) * 1e3)
