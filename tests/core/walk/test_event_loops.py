"""Coroutine functions on event loops that come and go."""

import asyncio
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import beautyspot as bs
import pytest


def new_later(spot: bs.Spot):
    @spot.mark(save_blob=True)
    async def later(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    return later


async def both(later, *numbers: int) -> list[int]:
    return await asyncio.gather(*map(later, numbers))


def test_next_event_loop_goes_on_where_a_closed_one_ended(spot: bs.Spot):
    later = new_later(spot)
    for _ in range(3):
        assert asyncio.run(both(later, 1, 2)) == [2, 4]
    assert later.cache_info()[:2] == (4, 2)


def test_coroutine_functions_work_after_their_with_block(tmp_path: Path):
    with bs.Spot("app", db=tmp_path / "a.db", storage=tmp_path / "blobs") as spot:
        later = new_later(spot)
        assert asyncio.run(both(later, 1)) == [2]
    assert asyncio.run(both(later, 1, 2)) == [2, 4]


def test_sync_call_in_a_coroutine_may_run_a_loop_in_a_thread(spot: bs.Spot):
    later = new_later(spot)

    @spot.mark
    def outer(n: int) -> int:
        with ThreadPoolExecutor(1) as thread:
            return sum(thread.submit(asyncio.run, both(later, n, n + 1)).result())

    async def scene() -> list[int]:
        return [outer(1), await later(1), outer(1)]

    assert asyncio.run(scene()) == [6, 2, 6]


def test_loops_of_many_threads_share_one_call(spot: bs.Spot):
    together, ran = threading.Barrier(8), []

    @spot.mark(ignore=("ran",))
    async def slow(n: int) -> int:
        ran.append(n)
        await asyncio.sleep(0.01)
        return 2 * n

    async def ask() -> int:
        return await slow(21)

    def work(_: int) -> int:
        together.wait()
        return asyncio.run(ask())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(work, range(8))) == [42] * 8
    assert ran == [21]


def test_executor_that_is_shut_down_loses_no_result(tmp_path: Path):
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    spot = bs.Spot("app", db=tmp_path / "a.db", storage=tmp_path / "blobs", executor=executor)
    later = new_later(spot)
    assert asyncio.run(both(later, 1, 2)) == [2, 4]
    assert later.is_cached(2)


def test_executor_that_drops_what_waits_loses_no_result_and_leaves_nobody_waiting(tmp_path: Path):
    executor, go_on = ThreadPoolExecutor(1), threading.Event()
    spot = bs.Spot("app", db=tmp_path / "a.db", storage=tmp_path / "blobs", executor=executor)
    later = new_later(spot)

    async def scene() -> list[int]:
        executor.submit(go_on.wait, 60)
        asked = asyncio.ensure_future(both(later, 1, 1, 1))
        while not later.cache_info().misses:
            await asyncio.sleep(0)
        executor.shutdown(wait=False, cancel_futures=True)
        return await asyncio.wait_for(asked, 60)

    assert asyncio.run(scene()) == [2, 2, 2]
    go_on.set()
    assert later.is_cached(1)
    assert later.cache_info().misses == 1


def test_executor_of_processes_is_refused(tmp_path: Path):
    with ProcessPoolExecutor(1) as executor, pytest.raises(bs.ConfigurationError, match="one of threads"):
        bs.Spot("app", db=tmp_path / "a.db", executor=executor)
