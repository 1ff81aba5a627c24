"""Signals that come in the middle of a fork: their handlers run after it.

Python reports what a handler raises within a hook of `os.fork`, such as Ctrl-C, and drops it: the hook ends where it
was, with its locks held, and the program goes on as if nobody had pressed a key.
"""

from __future__ import annotations

import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOK_S = 0.0001
SETTLE_S = 1.0
"""Longest wait for a hook to end, before the handlers run all the same."""


class HeldSignals:
    """Notes signals while they are held, and has them come again afterwards."""

    def __init__(self) -> None:
        """Hold none."""
        self._handlers: dict[int, Any] = {}
        self._came: list[int] = []

    @property
    def count(self) -> int:
        """How many came since they are held."""
        return len(self._came)

    def hold(self) -> None:
        """Note signals from now on instead of running their handlers, which run in the main thread alone."""
        if threading.current_thread() is not threading.main_thread():
            return
        import signal  # as in the other methods: most programs don't fork

        for number in range(1, signal.NSIG):
            handler = signal.getsignal(number)
            # asyncio's do nothing, as their loop hears of a signal otherwise; a second time, if it came again.
            if callable(handler) and getattr(handler, "__module__", None) != "asyncio.unix_events":
                try:
                    signal.signal(number, self._note)
                except ValueError:  # in another interpreter of this process, which has no handlers
                    return
                self._handlers[number] = handler

    def let_go(self) -> None:
        """Have the handlers run as before, for what came as well, once no line of the caller is left to be cut off."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._restore()
        came, self._came = self._came, []
        if came:
            caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, costs 12 ms
            again = threading.Thread(target=_send, args=(came, caller.f_code), name="beautyspot-signals", daemon=True)
            again.start()

    def drop(self) -> None:
        """Forget what came, as it came to the parent of this process."""
        self._restore()
        self._came = []

    def _note(self, number: int, _: object) -> None:
        self._came.append(number)

    def _restore(self) -> None:
        import signal

        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()


def _send(numbers: list[int], caller: object) -> None:
    import signal

    main, until_s = threading.main_thread().ident or 0, time.monotonic() + SETTLE_S
    while time.monotonic() < until_s:
        frame = sys._current_frames().get(main)  # pyright: ignore[reportPrivateUsage] - nothing public tells it
        while frame is not None and frame.f_code is not caller:
            frame = frame.f_back
        if frame is None:
            break
        time.sleep(LOOK_S)
    for number in numbers:
        signal.pthread_kill(main, number)  # which wakes it, whatever it waits for
