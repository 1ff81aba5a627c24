"""How long a read waits for whoever shuts readers out.

A writer doesn't, but whoever makes the file does, and whoever is the last to close it, until the disk has what was
written.
"""

import sys
import time

LOOP_PATIENCE_S = 1.0
"""Longest wait on an event loop, which holds up its other tasks."""
REST_S = 30.0
"""How long no read waits again after one did in vain: a miss reads three times, and writes, which waits as long."""


class Patience:
    """Gives each read of a file its deadline."""

    def __init__(self, longest_s: float) -> None:
        """Begin with as much patience as a write has."""
        self._longest_s = longest_s
        self._rests_until_s = float("-inf")

    def deadline_s(self) -> float:
        """Return until when, on the monotonic clock, a read that begins now may wait."""
        now_s = time.monotonic()
        if now_s < self._rests_until_s:
            return now_s
        return now_s + (min(self._longest_s, LOOP_PATIENCE_S) if _on_event_loop() else self._longest_s)

    def rest(self) -> None:
        """Take note that a read waited in vain."""
        self._rests_until_s = time.monotonic() + REST_S


def _on_event_loop() -> bool:
    # Whoever runs an event loop imported it already; here the import would cost 40 ms.
    running = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", None)
    return running is not None and running() is not None
