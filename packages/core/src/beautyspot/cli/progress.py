"""A progress bar for whoever looks at stderr."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(what: str, total: int | None = None, /) -> Generator[Callable[[int], None]]:
    """Give what takes the number done so far, and show it while the block runs.

    Args:
        what: What is being done, as "deleting".
        total: How many there are; None if nobody knows. Nothing is shown of 0.
    """
    if not sys.stderr.isatty() or total == 0:
        yield _ignore
        return
    done = (TextColumn("{task.completed}"),) if total is None else (MofNCompleteColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), *done)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def _ignore(done: int) -> None:
    del done
