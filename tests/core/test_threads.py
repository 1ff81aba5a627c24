"""Work that an event loop should not wait for."""

import asyncio
import threading

import pytest
from beautyspot.threads import reserved_in_thread


async def test_what_was_reserved_in_a_thread_is_returned_and_kept() -> None:
    given_back: list[float] = []
    assert await reserved_in_thread(lambda: 3.0, given_back.append) == 3.0
    assert not given_back


async def test_what_a_thread_reserves_for_a_cancelled_caller_is_given_back() -> None:
    began, go_on, given_back = threading.Event(), threading.Event(), asyncio.Queue[float]()

    def reserve() -> float:
        began.set()
        go_on.wait(60)
        return 3.0

    caller = asyncio.ensure_future(reserved_in_thread(reserve, given_back.put_nowait))
    await asyncio.to_thread(began.wait, 60)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert given_back.empty()
    go_on.set()
    assert await asyncio.wait_for(given_back.get(), 60) == 3.0


async def test_a_refusal_that_comes_after_the_caller_was_cancelled_is_nobodys() -> None:
    began, go_on, told = threading.Event(), threading.Event(), list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def refuse() -> float:
        began.set()
        go_on.wait(60)
        raise LookupError("no more")

    caller = asyncio.ensure_future(reserved_in_thread(refuse, told.append))
    await asyncio.to_thread(began.wait, 60)
    caller.cancel()
    await asyncio.wait([caller])
    go_on.set()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait(others)
    await asyncio.sleep(0)  # what hears of the end of a task is called in the next turn of the loop
    assert told == []
