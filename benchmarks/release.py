"""The last release on the package index, in an environment of its own, spoken to over a pipe."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.interleave import Batch

ROOT = Path(__file__).parents[1]
NAME = "beautyspot 2.4.1"
LOCK = ROOT / "requirements" / "bench-release.txt"
HOME = ROOT / ".bench" / "beautyspot-2.4.1"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = HOME / "installed.txt"


def install() -> Path:
    """Make the environment if it isn't there, and return its interpreter."""
    import sys

    if STAMP.exists() and STAMP.read_bytes() == LOCK.read_bytes():
        return PYTHON
    uv = subprocess.run([ROOT / "scripts" / "find-uv"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"install: {NAME}, to measure against, into {HOME.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, HOME], check=True)
    pip = [uv, "pip", "install", "--quiet", "--python", HOME, "--require-hashes", "--only-binary", ":all:"]
    subprocess.run([*pip, "-r", LOCK], check=True)
    STAMP.write_bytes(LOCK.read_bytes())
    return PYTHON


@contextmanager
def worker(folder: str) -> Iterator[Callable[..., Any]]:
    """Give a function that has the release do one thing (see `release_worker`) and returns what it says."""
    command = [install(), ROOT / "benchmarks" / "release_worker.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(what: str, *arguments: Any) -> Any:
            stdin.write(json.dumps([what, *arguments]) + "\n")
            stdin.flush()
            return json.loads(stdout.readline())

        try:
            yield ask
        finally:
            stdin.close()


def hits(ask: Callable[..., Any], workload: str, rows: int) -> Batch:
    """Return the batch of hits; the pipe is outside of what it times."""
    return lambda count: ask("hits", workload, rows, count)
