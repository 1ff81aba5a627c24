"""Work that an event loop should not wait for."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from beautyspot.threads import in_thread, reserved_in_thread


@pytest.fixture
def busy() -> Iterator[ThreadPoolExecutor]:
    """An executor whose only thread is at work, so that what comes now waits in its queue."""
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(go_on.wait, 60)
        yield executor
        go_on.set()


def drop(executor: ThreadPoolExecutor) -> None:
    executor.shutdown(wait=False, cancel_futures=True)


async def test_work_that_an_executor_drops_is_done_all_the_same(busy: ThreadPoolExecutor) -> None:
    caller = asyncio.ensure_future(in_thread(busy, divmod, 7, 3))
    await asyncio.sleep(0)
    drop(busy)
    assert await asyncio.wait_for(caller, 60) == (2, 1)


async def test_work_that_an_executor_drops_is_done_for_a_cancelled_caller(busy: ThreadPoolExecutor) -> None:
    done = asyncio.Event()
    caller = asyncio.ensure_future(in_thread(busy, done.set))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert not done.is_set()
    drop(busy)
    await asyncio.wait_for(done.wait(), 60)


async def test_work_that_an_executor_can_not_do_is_done_once() -> None:
    class Refusing(ThreadPoolExecutor):
        def submit(self, *_: object) -> object:  # pyright: ignore[reportIncompatibleMethodOverride] - as one that is broken
            raise TypeError("can't pickle it")

    ran: list[int] = []
    with Refusing(1) as executor:
        await in_thread(executor, ran.append, 1)
    assert ran == [1]


async def test_what_work_raises_in_a_thread_is_raised_and_not_tried_again() -> None:
    ran: list[int] = []

    def fail() -> None:
        ran.append(1)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await in_thread(None, fail)
    assert ran == [1]


async def test_what_was_reserved_in_a_thread_is_returned_and_kept() -> None:
    given_back: list[float] = []
    assert await reserved_in_thread(None, lambda: 3.0, given_back.append) == 3.0
    assert not given_back


async def test_what_a_thread_reserves_for_a_cancelled_caller_is_given_back() -> None:
    began, go_on, given_back = threading.Event(), threading.Event(), Queue[float]()

    def reserve() -> float:
        began.set()
        go_on.wait(60)
        return 3.0

    caller = asyncio.ensure_future(reserved_in_thread(None, reserve, given_back.put))
    await asyncio.to_thread(began.wait, 60)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert given_back.empty()
    go_on.set()
    assert await asyncio.to_thread(given_back.get, timeout=60) == 3.0


async def test_what_a_thread_has_reserved_when_its_caller_is_cancelled_is_given_back() -> None:
    given_back: list[float] = []
    with ThreadPoolExecutor(1) as executor:
        caller = asyncio.ensure_future(reserved_in_thread(executor, lambda: 3.0, given_back.append))
        await asyncio.sleep(0)
        executor.submit(int).result(60)  # the thread is done, and the loop has not heard of it
        caller.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
    assert given_back == [3.0]


async def test_what_an_executor_drops_or_refuses_is_reserved_here(busy: ThreadPoolExecutor) -> None:
    dropped = asyncio.ensure_future(reserved_in_thread(busy, lambda: 3.0, print))
    await asyncio.sleep(0)
    drop(busy)
    assert await dropped == 3.0
    assert await reserved_in_thread(busy, lambda: 4.0, print) == 4.0


async def test_a_refusal_that_comes_after_the_caller_was_cancelled_is_nobodys() -> None:
    began, go_on, told = threading.Event(), threading.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def refuse() -> float:
        began.set()
        go_on.wait(60)
        raise LookupError("no more")

    with ThreadPoolExecutor(1) as executor:
        caller = asyncio.ensure_future(reserved_in_thread(executor, refuse, told.append))
        await asyncio.to_thread(began.wait, 60)
        caller.cancel()
        await asyncio.wait([caller])
        del caller
        go_on.set()
        await asyncio.get_running_loop().run_in_executor(executor, int)
    gc.collect()  # a future that nobody asked for its error tells of it when it goes
    assert told == []
