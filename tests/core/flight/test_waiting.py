"""Threads and tasks that wait for each other."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from beautyspot.flight import Claim, Flight


class Job:
    """A call as the walk makes it, with a dict for a store."""

    def __init__(self) -> None:
        self.flight = Flight()
        self.kept: dict[str, Any] = {}
        self.runs = 0
        self.go = Event()

    def call(self, key: str) -> Any:
        while True:
            claim = self.flight.claim(key)
            if claim.leads:
                with claim:
                    return self.lead(claim)
            outcome = claim.wait()
            if outcome.landed:
                return self.kept[key]

    async def call_async(self, key: str) -> Any:
        while True:
            claim = self.flight.claim(key)
            if claim.leads:
                with claim:
                    while not self.go.is_set():
                        await asyncio.sleep(0)
                    return self.lead(claim)
            outcome = await claim.wait_async()
            if outcome.landed:
                return self.kept[key]

    def lead(self, claim: Claim) -> Any:
        assert self.go.wait(10)
        if claim.key not in self.kept:
            self.runs += 1
            self.kept[claim.key] = object()
        claim.land(self.kept[claim.key], kept=True)
        return self.kept[claim.key]


@pytest.fixture
def job() -> Iterator[Job]:
    job = Job()
    yield job
    job.go.set()
    assert len(job.flight) == 0


def followed_by(job: Job, key: str, number: int) -> None:
    """Wait until `number` follow the leader of `key`."""
    table = job.flight._table
    while key not in table.calls or len(table.calls[key].followers) < number:
        Event().wait(0.001)


def test_fifty_threads_make_one_call(job: Job):
    with ThreadPoolExecutor(50) as pool:
        results = [pool.submit(job.call, "key") for _ in range(50)]
        followed_by(job, "key", 49)
        job.go.set()
    assert len({result.result() for result in results}) == job.runs == 1


def test_two_hundred_tasks_make_one_call(job: Job):
    async def all_at_once() -> list[Any]:
        tasks = [asyncio.create_task(job.call_async("key")) for _ in range(200)]
        await asyncio.sleep(0)
        job.go.set()
        return await asyncio.gather(*tasks)

    assert len(set(asyncio.run(all_at_once()))) == job.runs == 1


def test_threads_follow_a_task_and_tasks_of_other_loops_follow_a_thread(job: Job):
    def in_a_loop() -> list[Any]:
        async def ten() -> list[Any]:
            return await asyncio.gather(*(job.call_async("key") for _ in range(10)))

        return asyncio.run(ten())

    with ThreadPoolExecutor(24) as pool:
        loops = [pool.submit(in_a_loop) for _ in range(4)]
        threads = [pool.submit(job.call, "key") for _ in range(20)]
        followed_by(job, "key", 59)
        job.go.set()
    found = {value for loop in loops for value in loop.result()} | {thread.result() for thread in threads}
    assert len(found) == job.runs == 1


def test_followers_survive_a_cancelled_leader(job: Job):
    async def cancel_the_first() -> list[Any]:
        tasks = [asyncio.create_task(job.call_async("key")) for _ in range(10)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        job.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, *others = asyncio.run(cancel_the_first())
    assert isinstance(first, asyncio.CancelledError)
    assert set(others) == {job.kept["key"]}
    assert job.runs == 1


def test_a_cancelled_follower_disturbs_nobody(job: Job):
    async def cancel_the_second() -> list[Any]:
        tasks = [asyncio.create_task(job.call_async("key")) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
        job.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third = asyncio.run(cancel_the_second())
    assert isinstance(second, asyncio.CancelledError)
    assert first is third


def test_a_cancelled_follower_leaves_no_trace_in_who_waits_for_whom(job: Job):
    async def cancel_and_turn_round() -> bool:
        mine, yours = Context(), Context()
        calls = [mine.run(job.flight.claim, "a"), yours.run(job.flight.claim, "b")]
        waiting = asyncio.create_task(mine.run(job.flight.claim, "b").wait_async())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        follows = not yours.run(job.flight.claim, "a").leads
        return follows and all(call.leads for call in calls)

    assert asyncio.run(cancel_and_turn_round())


def test_a_follower_whose_loop_has_closed_does_not_trouble_the_leader(job: Job):
    leader = job.flight.claim("key")
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(Context().run(job.flight.claim, "key").wait_async())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    leader.land(1, kept=True)
    assert not waiting.done()


def test_tasks_that_a_leader_starts_count_as_its_own(job: Job):
    async def same_key_in_a_child() -> bool:
        with job.flight.claim("key") as outer:
            child = await asyncio.create_task(claims_once(job, "key"))
            in_thread = await asyncio.to_thread(job.flight.claim, "key")
            outer.land(None, kept=True)
        in_thread.abandon()
        return child and in_thread.leads

    assert asyncio.run(same_key_in_a_child())


async def claims_once(job: Job, key: str) -> bool:
    with job.flight.claim(key) as claim:
        return claim.leads


def test_children_of_one_leader_share_their_calls(job: Job):
    job.go.set()

    async def batch() -> None:
        with job.flight.claim("batch") as claim:
            await asyncio.gather(*(job.call_async(key) for key in "aabbab"))
            claim.land(None, kept=True)

    asyncio.run(batch())
    assert job.runs == 2


def test_threads_that_call_each_other_end(job: Job):
    job.go.set()
    both = Barrier(2)

    def first_then(first: str, then: str) -> None:
        with job.flight.claim(first) as claim:
            both.wait()
            job.call(then)
            claim.land(None, kept=False)

    job.kept = {"a": 1, "b": 2}
    threads = [Thread(target=first_then, args=keys, daemon=True) for keys in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_a_wait_with_a_limit_ends_there_and_the_leader_never_meets_its_follower(job: Job):
    leader = job.flight.claim("k")
    follower = Context().run(job.flight.claim, "k")
    with pytest.raises(TimeoutError, match="did not end within 0 s"):
        follower.wait(limit_s=0)
    assert leader.call.followers == []
    leader.land(None, kept=True)


@pytest.mark.parametrize("limit_s", [10, 1e12, float("inf")])
def test_a_leader_that_lands_within_the_limit_is_heard(job: Job, limit_s: float):
    with ThreadPoolExecutor() as pool:
        leader = job.flight.claim("k")
        follower = Context().run(job.flight.claim, "k")
        outcome = pool.submit(follower.wait, limit_s=limit_s)
        leader.land(5, kept=False)
        assert outcome.result(10).value == 5
