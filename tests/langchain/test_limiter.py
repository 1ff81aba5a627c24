import asyncio
import copy
import gc
import pickle
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.testing import FrozenClock
from langchain_beautyspot import BeautySpotRateLimiter, RateLimitTimeout
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeMessagesListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult


def said(tokens: int, **mark: Any) -> LLMResult:
    usage = {"input_tokens": tokens - 1, "output_tokens": 1, "total_tokens": tokens}
    generation = ChatGeneration(message=AIMessage("a", usage_metadata=usage))
    if mark:
        vars(generation)["_cache_hit"] = mark
    return LLMResult(generations=[[generation]])


def test_the_burst_goes_at_once_from_the_start_and_the_others_evenly(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, burst=3)
    assert all(limiter.acquire() for _ in range(6))
    assert clock.slept == [1, 1, 1]


async def test_an_async_call_waits_as_a_sync_one_does(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60)
    assert [await limiter.aacquire() for _ in range(3)] == [True] * 3
    assert clock.slept == [1, 1]


async def test_a_call_that_does_not_block_is_told_no_and_spends_nothing(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60)
    assert limiter.acquire(blocking=False)
    assert not limiter.acquire(blocking=False)
    assert not await limiter.aacquire(blocking=False)
    clock.advance(1)
    assert await limiter.aacquire(blocking=False)
    assert clock.slept == []


def test_a_wait_above_the_timeout_is_refused_at_once_and_spends_nothing(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, timeout="1.5s")
    limiter.acquire()
    limiter.reserve()
    with pytest.raises(RateLimitTimeout, match=r"'langchain' would hold this call for 2 s.*timeout of 1.5 s; give a"):
        limiter.acquire()
    clock.advance(0.5)
    assert limiter.reserve() == 1.5


async def test_a_cancelled_wait_gives_its_place_to_the_next_call() -> None:
    limiter = BeautySpotRateLimiter(requests_per_minute=1, tokens_per_minute=1)
    await limiter.aacquire()
    waiting = asyncio.create_task(limiter.aacquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert 59 < limiter.reserve() <= 60


def test_an_interrupted_wait_gives_its_place_to_the_next_call(tmp_path: Path) -> None:
    class Interrupted(FrozenClock):
        def sleep(self, seconds: float, /) -> None:
            raise KeyboardInterrupt

    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=Interrupted())
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60)
    limiter.acquire()
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire()
    assert limiter.reserve() == 1


async def test_a_coroutine_that_is_dropped_while_it_waits_gives_its_place_back() -> None:
    limiter = BeautySpotRateLimiter(requests_per_minute=1)
    limiter.acquire()
    waiting = limiter.aacquire()
    waiting.send(None)  # up to the sleep
    del waiting
    gc.collect()
    assert limiter.reserve() < 61  # not the two minutes of one who waits behind it


def test_calls_wait_until_the_tokens_of_those_before_are_paid(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=600)
    limiter.acquire()
    limiter.callback.on_llm_end(said(100))
    limiter.acquire()
    assert clock.slept == [pytest.approx(10)]


def test_tokens_within_their_burst_are_paid_while_calls_go_on(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=600, token_burst=200)
    for _ in range(3):
        limiter.acquire()
        limiter.callback.on_llm_end(said(100))
    limiter.acquire()
    assert clock.slept == [pytest.approx(0.1), pytest.approx(10)]


def test_one_call_above_the_budget_of_a_minute_is_paid_as_debt(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    limiter.acquire()
    limiter.callback.on_llm_end(said(1000))
    assert limiter.reserve() == pytest.approx(1000)


def test_tokens_are_paid_once_though_the_model_and_the_call_name_the_callback(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    answer = AIMessage("hi", usage_metadata={"input_tokens": 1, "output_tokens": 29, "total_tokens": 30})
    model = FakeMessagesListChatModel(responses=[answer], callbacks=[limiter.callback])
    limiter.acquire()
    model.invoke("a", config={"callbacks": [limiter.callback]})
    assert limiter.reserve() == pytest.approx(30)


def test_the_tokens_of_a_hit_are_not_paid_again(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    limiter.acquire()
    limiter.callback.on_llm_end(said(1000, cache_key="k", saved_tokens=1000))
    assert limiter.reserve() == pytest.approx(1)


def test_the_tokens_of_a_hit_of_another_cache_are_not_paid_again(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    limiter.acquire()
    answer = AIMessage("hi", usage_metadata={"input_tokens": 1, "output_tokens": 29, "total_tokens": 30})
    model = FakeMessagesListChatModel(responses=[answer], cache=InMemoryCache(), callbacks=[limiter.callback])
    for _ in range(5):
        model.invoke("a")
    assert limiter.reserve() == pytest.approx(30)


def test_a_text_model_pays_what_stands_beside_its_answers(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    limiter.acquire()
    output = {"token_usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}}
    limiter.callback.on_llm_end(LLMResult(generations=[[]], llm_output=output))
    assert limiter.reserve() == pytest.approx(30)


def test_an_estimate_is_reserved_before_and_settled_after(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=600)
    call = limiter.reserve(tokens=300)
    limiter.settle(call, 100)
    assert limiter.reserve(tokens=1) == pytest.approx(10)


def test_an_estimate_above_the_budget_of_a_minute_waits_for_a_minute_at_most(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    call = limiter.reserve(tokens=1000)
    assert call == 0
    limiter.settle(call, 90)
    assert limiter.reserve() == pytest.approx(90)


def test_both_limits_are_waited_for_at_once(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, tokens_per_minute=600)
    limiter.wait(limiter.reserve(tokens=30))
    limiter.wait(limiter.reserve(tokens=5))
    assert clock.slept == [pytest.approx(3)]


def test_a_wrong_estimate_leaves_the_requests_as_they_were(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, tokens_per_minute=600)
    with pytest.raises(TypeError):
        limiter.reserve(tokens="many")  # pyright: ignore[reportArgumentType] - the point of the test
    assert limiter.reserve() == 0


def test_a_model_asks_before_each_call(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60)
    model = GenericFakeChatModel(messages=iter([AIMessage("a"), AIMessage("b c")]), rate_limiter=limiter)
    assert model.invoke("q").content == "a"
    assert [chunk.content for chunk in model.stream("q")] == ["b", " ", "c"]
    assert clock.slept == [1]


def test_a_shared_limit_without_a_place_is_refused_by_its_name() -> None:
    with pytest.raises(bs.ConfigurationError, match="'langchain' has no place; give a Spot"):
        BeautySpotRateLimiter(requests_per_minute=1, shared=True)


def test_limiters_of_one_name_in_one_database_share_their_limits(spot: bs.Spot) -> None:
    one, two = (BeautySpotRateLimiter(spot, requests_per_minute=60, tokens_per_minute=60, shared=True) for _ in "12")
    one.settle(one.reserve(), 30)
    assert two.reserve() == pytest.approx(30)
    other = BeautySpotRateLimiter(spot, requests_per_minute=60, shared=True, name="another")
    assert other.reserve() == 0


def test_a_shared_limiter_tells_what_it_grants_of_requests_and_of_tokens(spot: bs.Spot, tmp_path: Path) -> None:
    rates: dict[str, Any] = {"requests_per_minute": 60, "tokens_per_minute": 9000, "burst": 3}
    assert BeautySpotRateLimiter(spot, **rates, shared=True).acquire()
    with Catalog.open(tmp_path / "test.db") as catalog:
        told = {limit.name: (limit.tokens_per_minute, limit.burst) for limit in catalog.limits()}
    assert told == {"langchain (requests)": (60, 3), "langchain (tokens)": (9000, 1)}


def test_copies_of_a_model_keep_to_one_limit_together(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60)
    assert copy.deepcopy(limiter) is copy.copy(limiter) is limiter


def test_a_pickled_limiter_keeps_to_the_same_shared_limit(tmp_path: Path) -> None:
    limiter = BeautySpotRateLimiter(tmp_path / "a.db", requests_per_minute=1, shared=True)
    other = pickle.loads(pickle.dumps(limiter))
    limiter.acquire()
    assert not other.acquire(blocking=False)


def test_processes_keep_to_a_shared_limit_together(tmp_path: Path) -> None:
    script = (
        "import sys, time; from langchain_beautyspot import BeautySpotRateLimiter as L\n"
        "limiter = L(sys.argv[1], requests_per_minute=3000, shared=True); print(time.time())\n"
        "for _ in range(25): limiter.acquire(); print(time.time())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.db")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    times = sorted(float(line) for child in children for line in child.communicate(timeout=60)[0].split())
    assert len(times) == 52
    assert times[-1] - times[0] >= 49 * 0.02  # from before the first call: a sleep ends late at times, and never early


async def test_an_event_loop_goes_on_while_another_program_holds_the_file(spot: bs.Spot, tmp_path: Path) -> None:
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, tokens_per_minute=600, shared=True)
    assert await limiter.aacquire()
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        limiter.callback.on_llm_end(said(100))
        asking = [asyncio.create_task(limiter.aacquire(blocking=blocking)) for blocking in (True, False)]
        await asyncio.sleep(0)
        assert not any(each.done() for each in asking)
        other.execute("ROLLBACK")
    assert await asyncio.gather(*asking) == [True, False]


@pytest.mark.external_service
async def test_an_event_loop_goes_on_while_a_server_is_asked(postgres_url: str) -> None:
    limiter = BeautySpotRateLimiter(postgres_url, requests_per_minute=6000, tokens_per_minute=60_000, shared=True)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.create_task(turn())
    assert await limiter.aacquire()
    limiter.callback.on_llm_end(said(1000))
    while not (wait_s := await limiter.reserve_async()):  # the payment is made in a thread
        pass
    turning.cancel()
    assert wait_s < 1.1
    assert turns > 1


@pytest.mark.external_service
async def test_a_call_that_is_cancelled_while_a_server_is_asked_gives_its_place_back(postgres_url: str) -> None:
    limiter = BeautySpotRateLimiter(postgres_url, requests_per_minute=1, shared=True)
    asking = asyncio.create_task(limiter.reserve_async())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    async with asyncio.timeout(20):
        while not await limiter.aacquire(blocking=False):
            await asyncio.sleep(0.01)
