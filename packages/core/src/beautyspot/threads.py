"""Work that an event loop should not wait for."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from beautyspot.notices import sending_work

R = TypeVar("R")
T = TypeVar("T")


async def in_thread(executor: Executor | None, function: Callable[..., T], *args: Any) -> T:
    """Run `function` once, in the caller's context: in `executor`, None for the loop's own, or here if that drops it.

    It outlives a cancelled caller.
    """
    context = _context()
    turn = Lock()
    """Of whoever runs it, who never gives it back."""

    def work() -> Any:
        return context.run(function, *args) if turn.acquire(blocking=False) else None

    try:
        future = asyncio.get_running_loop().run_in_executor(executor, work)
    except Exception:  # noqa: BLE001 - shut down, out of threads, or anybody's: an answer that is paid for is kept here
        return work()
    try:
        await asyncio.wait((future,))  # cancelled, it leaves the work in the executor's queue
    except BaseException:
        if not turn.locked():
            future.add_done_callback(lambda _: work())
        raise
    return future.result() if turn.locked() else work()


async def reserved_in_thread(
    executor: Executor | None, reserve: Callable[[], R], give_back: Callable[[R], object], /
) -> R:
    """Return what `reserve` takes in `executor`, None for the loop's own, or here if that is gone.

    What it takes for a caller that was cancelled goes to `give_back` there, though the loop may have ended.
    """
    first = Lock()
    """Taken by the thread that has reserved or by the caller who leaves; who comes second gives back."""
    taken: list[R] = []

    def work() -> R:
        taken.append(reserve())
        if not first.acquire(blocking=False):
            give_back(taken[0])
        return taken[0]

    try:
        asking = asyncio.get_running_loop().run_in_executor(executor, _context().run, work)
    except RuntimeError:  # shut down, out of threads, or no loop runs
        return reserve()
    try:
        await asyncio.wait((asking,))  # cancelled, it leaves the work in the executor's queue
    except BaseException as error:
        # The garbage collector's GeneratorExit may come in a thread that holds any lock: that place is lost.
        if not first.acquire(blocking=False) and not isinstance(error, GeneratorExit):
            aside(executor, give_back, taken[0])
        asking.add_done_callback(lambda _: asking.cancelled() or asking.exception())  # a refusal is nobody's
        raise
    return reserve() if asking.cancelled() else asking.result()


def aside(executor: Executor | None, work: Callable[..., Any], /, *args: Any) -> None:
    """Do `work`, in a thread of `executor` that nobody waits for if an event loop would else wait."""
    try:
        asyncio.get_running_loop().run_in_executor(executor, partial(_context().run, work, *args))
    except RuntimeError:  # no loop runs in this thread, or the executor is gone
        work(*args)


def on_event_loop() -> bool:
    """Say whether an event loop runs in this thread."""
    return asyncio._get_running_loop() is not None  # pyright: ignore[reportPrivateUsage] - the public one raises


def _context() -> contextvars.Context:
    """Return the caller's, in which warnings point at the line that the work is sent from."""
    with sending_work():
        return contextvars.copy_context()
