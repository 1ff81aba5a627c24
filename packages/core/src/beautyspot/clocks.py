"""Time as the rest of the house sees it, so that a test can hold it still."""

from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Reads the time and waits."""

    def time(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean anything."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait, blocking the thread."""
        ...

    def wait(self, stop: Event, seconds: float, /) -> bool:
        """Wait, blocking the thread, but no longer than until `stop` is set, and say whether it is."""
        ...

    async def sleep_async(self, seconds: float, /) -> None:
        """Wait, letting the event loop go on."""
        ...
