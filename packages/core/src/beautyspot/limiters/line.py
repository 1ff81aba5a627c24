"""The thread in which event loops ask for places of a limit."""

from threading import Lock
from typing import TYPE_CHECKING

from beautyspot.protocols import SupportsLimits, SupportsLocalReads

if TYPE_CHECKING:
    from concurrent.futures import Executor


class Line:
    """One thread for a file, which serves in the order of asking; for a server the event loop's own."""

    def __init__(self, db: SupportsLimits) -> None:
        """Start no thread yet."""
        # In several, whoever looks after the clock would be passed by the next. A server takes milliseconds to
        # answer, and many may ask it at once.
        self._is_single = isinstance(db, SupportsLocalReads) and db.reads_locally
        self._lock = Lock()
        self._executor: Executor | None = None

    @property
    def executor(self) -> "Executor | None":
        """None is that of the event loop."""
        if self._executor is None and self._is_single:
            from concurrent.futures import ThreadPoolExecutor  # who asks has loaded it, and most never do

            with self._lock:
                self._executor = self._executor or ThreadPoolExecutor(1, "beautyspot-limit")
        return self._executor
