"""What the handlers of signals raise in the middle of a fork: they are called once more after it.

Python reports what is raised within a hook of `os.fork`, such as the KeyboardInterrupt of Ctrl-C, and drops it, so that
the program would go on as if nobody had pressed a key.
"""

from __future__ import annotations

import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, FrameType
    from typing import Any

VARARGS = 0x04  # from CPython's Include/cpython/code.h
LOOK_S = 0.0001
SETTLE_S = 1.0
"""Longest wait for a hook to end, before the handlers are called all the same."""


def call_again(raised: Sequence[BaseException], /) -> None:
    """Have the handlers that raised these be called in the main thread, once the caller runs there no longer.

    They run twice then: nothing else raises in the program what they raise. What no handler raised is reported.
    """
    numbers = [number for error in raised if (number := _signal_of(error)) is not None]
    if len(numbers) < len(raised):
        import traceback

        traceback.print_exception(raised[-1])
    if numbers:
        hook = sys._getframe(1).f_code  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, costs 12 ms
        threading.Thread(target=_send, args=(numbers, hook), name="beautyspot-signals", daemon=True).start()


def _signal_of(error: BaseException) -> int | None:
    """Return the number of the signal whose handler raised `error`, None if none did."""
    import signal  # hardly any fork is interrupted

    handlers = {number: _code_of(signal.getsignal(number)) for number in range(1, signal.NSIG)}
    trace = error.__traceback__
    while trace is not None:
        frame, trace = trace.tb_frame, trace.tb_next
        numbers = [number for number, code in handlers.items() if code is frame.f_code]
        if numbers:
            given = _given(frame)
            return next((number for number in numbers if number in given), numbers[0])
    # It is written in C, and leaves no trace.
    is_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return signal.SIGINT if is_pythons and type(error) is KeyboardInterrupt else None


def _given(frame: FrameType) -> list[Any]:
    """Return the arguments of a call, those of `*args` as well."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    rest: Any = values.get(code.co_varnames[count], ()) if code.co_flags & VARARGS else ()
    return [*(values.get(name) for name in code.co_varnames[:count]), *rest]


def _code_of(handler: Any) -> CodeType | None:
    for name in ("func", "__func__"):  # of a partial, a method
        handler = getattr(handler, name, handler)
    if hasattr(handler, "__code__"):
        return handler.__code__
    return getattr(getattr(handler, "__call__", None), "__code__", None)  # noqa: B004 - its code is wanted


def _send(numbers: list[int], hook: CodeType) -> None:
    import signal

    main, until_s = threading.main_thread().ident or 0, time.monotonic() + SETTLE_S
    while time.monotonic() < until_s:
        frame = sys._current_frames().get(main)  # pyright: ignore[reportPrivateUsage] - nothing public tells it
        while frame is not None and frame.f_code is not hook:
            frame = frame.f_back
        if frame is None:
            break
        time.sleep(LOOK_S)
    for number in numbers:
        signal.pthread_kill(main, number)  # which wakes it, whatever it waits for
