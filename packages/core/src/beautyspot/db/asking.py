"""One question at a time in each thread: a signal handler or a `__del__` that asks in the middle of one is refused."""

import threading
from collections.abc import Callable
from typing import TypeVar

from beautyspot.errors import StorageError

T = TypeVar("T")


class Asking(threading.local):
    """Whether this thread is asking a server, whose connection and locks it would wait for itself to give back."""

    now = False

    def do(self, name: str, work: Callable[[], T], /) -> T:
        """Return what `work` gives, which asks the server called `name`.

        Raises:
            StorageError: this thread is asking already.
        """
        if self.now:
            raise StorageError(
                f"{name!r} was asked in the middle of another question of this thread; "
                "call nothing that is kept there from a signal handler or a `__del__`"
            )
        try:
            self.now = True
            return work()
        finally:
            self.now = False
