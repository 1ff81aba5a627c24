"""Work that an event loop should not wait for."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from beautyspot.notices import sending_work

R = TypeVar("R")
T = TypeVar("T")


async def in_thread(executor: Executor | None, function: Callable[..., T], *args: Any) -> T:
    """Run `function` in `executor`, or the loop's own, in the caller's context; it outlives a cancelled caller."""
    with sending_work():
        context = contextvars.copy_context()
    work: Callable[[], T] = partial(context.run, function, *args)  # pyright: ignore[reportAssignmentType, reportUnknownMemberType] - typeshed's ParamSpec
    try:
        future = asyncio.get_running_loop().run_in_executor(executor, work)
    except RuntimeError:  # the executor is shut down: an answer that is paid for is kept here and now
        return work()
    # Unshielded, a cancelled caller would take the work out of the executor's queue.
    return await asyncio.shield(future)


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
