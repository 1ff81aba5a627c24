"""A progress bar for whoever looks at stderr."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from beautyspot.progress import Bar


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
    with Bar(what, total, transient=True) as bar:
        yield bar.reach


def _ignore(done: int) -> None:
    del done
