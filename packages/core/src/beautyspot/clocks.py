"""Time as the rest of the house sees it, so that a test can hold it still."""

import time
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

    async def sleep_async(self, seconds: float, /) -> None:
        """Wait, letting the event loop go on."""
        ...


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    time = staticmethod(time.time)  # last: from here on the name is the method's

    async def sleep_async(self, seconds: float, /) -> None:
        """Wait, letting the event loop go on."""
        import asyncio  # 40 of the 50 ms that `import beautyspot` would cost

        await asyncio.sleep(seconds)
