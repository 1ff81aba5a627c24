"""The last release on the package index, in an environment of its own, spoken to over a pipe."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import environments
from benchmarks.interleave import Batch

NAME = "beautyspot 2.4.1"


def install() -> Path:
    """Make the environment if it isn't there, and return its interpreter."""
    return environments.install("beautyspot-2.4.1", "bench-release.txt")


@contextmanager
def worker(folder: str) -> Iterator[Callable[..., Any]]:
    """Give a function that has the release do one thing (see `release_worker`) and returns what it says."""
    command = [install(), Path(__file__).with_name("release_worker.py")]
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
