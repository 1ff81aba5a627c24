"""Coroutine functions whose database is across a network, which an event loop never waits for."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import beautyspot as bs
import pytest
from servers.postgres import Postgres
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service
LONGEST_PAUSE_S = 2.5
"""A busy machine makes a loop late; one that waits for a silent server is late by more than four seconds."""


async def longest_pause_s(work: Callable[[], Awaitable[object]]) -> float:
    """Return the longest time in which the loop did nothing else while `work` was done."""
    done = asyncio.ensure_future(work())
    longest_s, last_s = 0.0, time.monotonic()
    while not done.done():
        await asyncio.sleep(0.001)
        now_s = time.monotonic()
        longest_s, last_s = max(longest_s, now_s - last_s), now_s
    await done
    return longest_s


def test_an_event_loop_goes_on_while_the_server_is_silent(postgres: Postgres, tmp_path: Path) -> None:
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:
        url = postgres.url(postgres.create(), port=proxy.port) + "?statement_timeout=3000&connect_timeout=5"
        spot = bs.Spot("far", db=url, storage=tmp_path, tpm=6e6, shared_limit=True, on_save_error="ignore")

        @spot.limiter
        @spot.mark
        async def later(n: int) -> int:
            return 2 * n

        async def scene() -> float:
            assert await later(1) == 2
            proxy.stall()
            asyncio.get_running_loop().call_later(6, threading.Thread(target=proxy.heal).start)
            return await longest_pause_s(lambda: later.map([1, 2, 3], progress=False))

        with pytest.warns(bs.CacheWarning, match="no answer for|timeout expired"):
            pause_s = asyncio.run(scene())
        spot.shutdown()
    assert pause_s < LONGEST_PAUSE_S


def test_tasks_of_two_processes_run_a_call_once(postgres_url: str, tmp_path: Path) -> None:
    spots = [bs.Spot(name, db=postgres_url, storage=tmp_path) for name in ("one", "two")]  # a session of locks each
    ran: list[int] = []

    async def slow(n: int) -> int:
        ran.append(n)
        await asyncio.sleep(0.05)
        return 2 * n

    async def scene() -> list[int]:
        marked = [spot.mark(slow) for spot in spots]
        return await asyncio.gather(*(one(21) for one in marked * 50))

    assert asyncio.run(scene()) == [42] * 100
    assert ran == [21]
    for spot in spots:
        spot.shutdown()


def test_a_cancelled_leader_leaves_no_lock_behind(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    spot = bs.Spot("far", db=postgres_url, storage=tmp_path)

    @spot.mark
    async def later(n: int) -> int:
        await asyncio.sleep(0 if n else 3600)
        return n

    async def scene() -> None:
        for pause_s in (0, 0.0005, 0.002, 0.01, 0.05):  # before, while and after its lock is asked for
            task = asyncio.ensure_future(later(0))
            await asyncio.sleep(pause_s)
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(scene())
    deadline_s = time.monotonic() + 10
    while postgres.ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    spot.shutdown()
