"""The machine's own clock. Apart from `clocks`, as `typing.Protocol` is 7 ms of a fresh process's first hit."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Event


class SystemClock:
    """Tells the machine's time."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    time = staticmethod(time.time)  # last: from here on the name is the method's

    def wait(self, stop: Event, seconds: float, /) -> bool:
        """Wait, blocking the thread, but no longer than until `stop` is set, and say whether it is."""
        return stop.wait(seconds)

    async def sleep_async(self, seconds: float, /) -> None:
        """Wait, letting the event loop go on."""
        import asyncio  # 40 of the 50 ms that `import beautyspot` would cost

        await asyncio.sleep(seconds)
