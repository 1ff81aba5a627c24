"""Warnings that are given once and point at the user's line."""

import sys
import threading
import warnings
from collections.abc import Hashable

from beautyspot.errors import CacheWarning, StorageError

_HERE = __file__.replace("\\", "/").rpartition("/")[0]


class Notices:
    """Gives each warning once, so that a loop over a thousand items says it once and not a thousand times."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self._said: set[Hashable] = set()
        self._lock = threading.Lock()

    def warn(self, subject: Hashable, message: str, category: type[CacheWarning], /) -> None:
        """Give the warning, unless one was given for `subject`."""
        with self._lock:
            if subject in self._said:
                return
            self._said.add(subject)
        warnings.warn(message, category, stacklevel=_depth_of_user())

    def after_fork_in_child(self) -> None:
        """Start with a free lock: a thread of the parent may have held it."""
        self._lock = threading.Lock()


def trouble(error: Exception, /) -> Hashable:
    """Return what makes two errors one trouble: the next step that they ask for, else their class."""
    message, _, next_step = str(error).rpartition("; ")
    return next_step if message and isinstance(error, StorageError) else type(error)


def _depth_of_user() -> int:
    """Return the stacklevel, seen from `warn`, of the first frame outside this package."""
    # `warnings.warn(skip_file_prefixes=…)` does this from Python 3.12 on.
    frame, depth = sys._getframe(1), 1  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, costs 12 ms
    while frame.f_back is not None and frame.f_code.co_filename.replace("\\", "/").startswith(_HERE):
        frame, depth = frame.f_back, depth + 1
    return depth
