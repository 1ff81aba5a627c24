"""Work that an event loop should not wait for."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from threading import Lock
from typing import Any, TypeVar

from beautyspot.notices import sending_work

R = TypeVar("R")
T = TypeVar("T")


async def in_thread(executor: Executor | None, function: Callable[..., T], *args: Any) -> T:
    """Run `function` once, in the caller's context: in `executor`, None for the loop's own, or here if that drops it.

    It outlives a cancelled caller.
    """
    with sending_work():
        context = contextvars.copy_context()
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


async def reserved_in_thread(reserve: Callable[[], R], give_back: Callable[[R], object], /) -> R:
    """Return what `reserve` takes in a thread; what it takes for a caller that was cancelled goes to `give_back`."""

    def undo(asking: asyncio.Future[R]) -> None:
        if not asking.cancelled() and asking.exception() is None:
            give_back(asking.result())

    asking = asyncio.ensure_future(asyncio.to_thread(reserve))
    try:
        return await asyncio.shield(asking)
    except (asyncio.CancelledError, GeneratorExit):
        asking.add_done_callback(undo)
        raise


def on_event_loop() -> bool:
    """Say whether an event loop runs in this thread."""
    return asyncio._get_running_loop() is not None  # pyright: ignore[reportPrivateUsage] - the public one raises
