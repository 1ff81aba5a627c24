"""A clock that stands still until it is told to go on."""

from threading import Event


class FrozenClock:
    """Time under a test's control: sleeping moves it on at once, and says so in `slept`.

    >>> clock = FrozenClock()
    >>> clock.sleep(2.5)
    >>> clock.monotonic(), clock.slept
    (2.5, [2.5])
    """

    def __init__(self, time_s: float = 1_700_000_000.0, /) -> None:
        """Start at `time_s` seconds since 1970-01-01 UTC."""
        self.start_s = time_s
        self.passed_s = 0.0
        self.slept: list[float] = []

    def time(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        return self.start_s + self.passed_s

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self.passed_s

    def advance(self, seconds: float, /) -> None:
        """Let `seconds` pass."""
        self.passed_s += seconds

    def sleep(self, seconds: float, /) -> None:
        """Let `seconds` pass and remember them."""
        self.slept.append(seconds)
        self.advance(seconds)

    def wait(self, stop: Event, seconds: float, /) -> bool:
        """Let `seconds` pass unless `stop` is set, and say whether it is."""
        if not stop.is_set():
            self.sleep(seconds)
        return stop.is_set()

    async def sleep_async(self, seconds: float, /) -> None:
        """Let `seconds` pass and remember them, without giving the event loop a turn."""
        self.sleep(seconds)
