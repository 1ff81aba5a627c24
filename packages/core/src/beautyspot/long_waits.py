"""Says what is waited for, where a wait looks like a program that hangs."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

TELL_AFTER_S = 1.0


@contextmanager
def telling(words: Callable[[], str], /) -> Generator[None]:
    """Say `words` if the block takes longer than `TELL_AFTER_S`."""
    timer = threading.Timer(TELL_AFTER_S, lambda: say(words()))
    timer.daemon = True
    with suppress(RuntimeError):  # Python 3.12.0 and 3.12.1 start no thread at exit; then nothing is said
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join(TELL_AFTER_S)  # until then it holds what it would speak of


def say(words: str, /) -> None:
    """Write a line to standard error, if anybody has one."""
    with suppress(Exception):  # a stream may be closed, or anybody's
        sys.stderr.write(f"beautyspot: {words}\n")
        sys.stderr.flush()
