"""How fast models of LlamaIndex may go."""

import asyncio
import copy
import gc
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import BeautySpotRateLimiter, cache_embedding, cache_llm
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import LLM, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.rate_limiter import BaseRateLimiter

HELLO = [ChatMessage("hello")]


def paced(limiter: BeautySpotRateLimiter, model: Any = None) -> Any:
    model = MockLLM() if model is None else model
    model.rate_limiter = limiter
    return model


class Told(MockLLM):
    """Says how many tokens it took."""

    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
        return ChatResponse(message=ChatMessage("yes", role="assistant"), raw={"usage": usage})


class Failing(MockLLM):
    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        raise ConnectionError("no provider")


def test_the_limiter_is_one_of_llama_index_s_own(spot: bs.Spot) -> None:
    assert isinstance(BeautySpotRateLimiter(60, spot=spot), BaseRateLimiter)


def test_the_burst_goes_at_once_from_the_start_and_the_others_evenly(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(60, burst=3, spot=spot))
    for _ in range(6):
        model.complete("hi")
    assert clock.slept == [1, 1, 1]


async def test_a_call_counts_once_however_many_of_its_own_a_model_calls(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(60, spot=spot))
    await model.achat(HELLO)  # asks three times
    model.chat(HELLO)
    await model.acomplete("hi")
    list(model.stream_chat(HELLO))
    assert [chunk async for chunk in await model.astream_chat(HELLO)]  # asks again when it is read
    assert clock.slept == [1, 1, 1, 1]


async def test_a_call_that_a_thread_makes_for_another_counts_once(spot: bs.Spot, clock: FrozenClock) -> None:
    class Threaded(MockLLM):
        @llm_chat_callback()
        async def achat(self, messages: Any, **kwargs: Any) -> ChatResponse:
            return await asyncio.to_thread(self.chat, messages)

    model = paced(BeautySpotRateLimiter(60, spot=spot), Threaded())
    await model.achat(HELLO)
    await model.achat(HELLO)
    assert clock.slept == [1]


async def test_embeddings_and_models_share_one_budget(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(60, spot=spot)
    embedding = paced(limiter, MockEmbedding(2, embed_batch_size=1))
    embedding.get_text_embedding_batch(["a", "b"])
    await embedding.aget_text_embedding_batch(["c", "d"])
    paced(limiter).complete("hi")
    assert sum(clock.slept) == pytest.approx(4, abs=2)  # tasks reserve before any of them sleeps
    assert len(clock.slept) == 4


def test_calls_wait_until_the_tokens_of_those_before_are_paid(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot), Told())
    model.chat(HELLO), model.chat(HELLO)
    assert clock.slept == [pytest.approx(10)]


def test_an_answer_that_tells_no_tokens_is_estimated(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot))
    model.complete("word" * 50), model.complete("hi")  # it says what it was told
    assert clock.slept == [pytest.approx(10)]


def test_a_stream_is_settled_when_it_has_ended(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot))
    stream = model.stream_complete("word" * 25)
    list(stream)
    model.complete("hi")
    assert clock.slept == [pytest.approx(5)]


def test_a_call_that_failed_gives_its_tokens_back(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot), Failing())
    for _ in range(2):
        with pytest.raises(ConnectionError):
            model.chat([ChatMessage("word" * 100)])
    assert clock.slept == []


def test_a_stream_that_breaks_off_keeps_its_estimate(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot))
    stream = model.stream_complete("word" * 100)
    next(stream)
    stream.close()
    model.complete("hi")
    assert clock.slept == [pytest.approx(10)]


async def test_texts_of_embeddings_are_paid_for(spot: bs.Spot, clock: FrozenClock) -> None:
    embedding = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot), MockEmbedding(2))
    embedding.get_text_embedding("word" * 100)
    await embedding.aget_text_embedding("hi")
    assert clock.slept == [pytest.approx(10)]


@pytest.mark.parametrize("way", ["get_text_embedding", "get_query_embedding", "aget_text_embedding"])
@pytest.mark.parametrize("is_cached", [False, True])
async def test_texts_above_a_whole_minute_are_refused_at_once_and_spend_nothing(
    spot: bs.Spot, clock: FrozenClock, way: str, is_cached: bool
) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=60, spot=spot), MockEmbedding(2))
    model = cache_embedding(model, spot) if is_cached else model

    async def embed(text: str) -> Any:
        given = getattr(model, way)(text)
        return await given if way.startswith("a") else given

    with pytest.raises(bs.LimitExceeded, match="of about 61 tokens is above"):
        await embed("a" * 244)
    model.get_text_embedding("b")
    assert clock.slept == []


async def test_each_batch_of_texts_takes_its_own_tokens_beforehand(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(tokens_per_minute=60, token_burst=60, spot=spot)
    model = paced(limiter, MockEmbedding(2, embed_batch_size=2))
    model.get_text_embedding_batch(["a" * 80, "b" * 40, "c" * 40])
    assert clock.slept == []
    with pytest.raises(bs.LimitExceeded):
        await model.aget_text_embedding_batch(["a" * 80, "b" * 200])


def test_texts_that_a_cache_does_not_have_are_paid_for(spot: bs.Spot, clock: FrozenClock) -> None:
    embedding = cache_embedding(MockEmbedding(2), spot)
    embedding.rate_limiter = BeautySpotRateLimiter(tokens_per_minute=600, spot=spot)
    for text in ("word" * 100, "word" * 100, "hi"):
        embedding.get_text_embedding(text)
    assert clock.slept == [pytest.approx(10)]


def test_hits_of_a_cache_take_nothing(spot: bs.Spot, clock: FrozenClock) -> None:
    model = cache_llm(paced(BeautySpotRateLimiter(60, 600, spot=spot)), spot, model_id="mock")
    for _ in range(5):
        model.complete("hello")
    assert clock.slept == []


@pytest.mark.parametrize("num_tokens", [0, 1000])
def test_a_call_above_a_whole_minutes_tokens_is_refused_at_once(spot: bs.Spot, num_tokens: int) -> None:
    limiter = BeautySpotRateLimiter(tokens_per_minute=60, spot=spot)
    model = paced(limiter)
    with pytest.raises(bs.LimitExceeded, match=r"a call of about \d+ tokens is above .*'llama_index'.* 60,.*; raise "):
        limiter.acquire(num_tokens) if num_tokens else model.complete("word" * 1000)
    model.complete("hi")


def test_a_wait_above_the_timeout_is_refused_at_once_and_spends_nothing(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(60, timeout="0.5s", spot=spot))
    model.complete("hi")
    with pytest.raises(bs.RateLimitTimeout, match="'llama_index' would hold this call for 1 s"):
        model.complete("hi")
    clock.advance(1)
    model.complete("hi")
    assert clock.slept == []


async def test_a_cancelled_wait_gives_its_place_to_the_next_call() -> None:
    limiter = BeautySpotRateLimiter(1, 60)
    model = paced(limiter)
    await model.acomplete("hi")
    waiting = asyncio.create_task(model.acomplete("hi"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert 59 < limiter.reserve() <= 60


async def test_a_coroutine_that_is_dropped_while_it_waits_gives_its_place_back() -> None:
    limiter = BeautySpotRateLimiter(1)
    limiter.acquire()
    waiting = limiter.async_acquire()
    waiting.send(None)  # up to the sleep
    del waiting
    gc.collect()
    assert limiter.reserve() <= 60  # the second place, and not the third


async def test_an_event_loop_goes_on_while_another_program_holds_the_file(
    spot: bs.Spot, clock: FrozenClock, tmp_path: Path
) -> None:
    limiter = BeautySpotRateLimiter(60, 600, spot=spot, shared=True)
    reservation = await limiter.reserve_async(tokens=1)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        limiter.settle(reservation, 100)
        asking = asyncio.create_task(limiter.async_acquire())
        await asyncio.sleep(0)
        assert not asking.done()
        other.execute("ROLLBACK")
    await asking
    assert clock.slept == [pytest.approx(10)]


def test_who_asks_outside_of_any_call_takes_what_they_say(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(tokens_per_minute=600, spot=spot)
    limiter.acquire(100)
    limiter.acquire(1)
    assert clock.slept == [pytest.approx(10)]


def test_threads_and_loops_wait_for_one_another(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(60, spot=spot))

    def ask() -> None:
        model.complete("hi")
        asyncio.run(model.acomplete("hi"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(clock.slept) == 7


def test_a_shared_limit_without_a_place_is_refused_by_its_name() -> None:
    with pytest.raises(bs.ConfigurationError, match="'llama_index' has no place; give a Spot"):
        BeautySpotRateLimiter(requests_per_minute=1, shared=True)


def test_a_name_is_a_text() -> None:
    with pytest.raises(bs.ConfigurationError, match="name got None; give a text"):
        BeautySpotRateLimiter(60, name=None)  # type: ignore[arg-type]


def test_limiters_of_one_name_in_one_database_share_their_limits(spot: bs.Spot, clock: FrozenClock) -> None:
    one, two = (paced(BeautySpotRateLimiter(60, spot=spot, shared=True)) for _ in "12")
    one.complete("hi"), two.complete("hi")
    paced(BeautySpotRateLimiter(60, spot=spot, shared=True, name="another")).complete("hi")
    assert clock.slept == [1]


def test_a_shared_limiter_tells_what_it_grants_of_requests_and_of_tokens(spot: bs.Spot, tmp_path: Path) -> None:
    paced(BeautySpotRateLimiter(60, 9000, burst=3, token_burst=100, spot=spot, shared=True)).complete("hi")
    with Catalog.open(tmp_path / "test.db") as catalog:
        told = {limit.name: (limit.tokens_per_minute, limit.burst) for limit in catalog.limits()}
    assert told == {"llama_index (requests)": (60, 3), "llama_index (tokens)": (9000, 100)}


def test_copies_of_a_model_keep_to_one_limit_together(spot: bs.Spot) -> None:
    limiter = BeautySpotRateLimiter(60, spot=spot)
    assert copy.deepcopy(limiter) is copy.copy(limiter) is limiter


def test_a_pickled_limiter_keeps_to_the_same_shared_limit(tmp_path: Path) -> None:
    limiter = BeautySpotRateLimiter(1, spot=tmp_path / "a.db", shared=True)
    other = pickle.loads(pickle.dumps(limiter))
    limiter.acquire()
    assert other.reserve() == pytest.approx(60, abs=1)


ACQUIRES = """
import sys, time
from llama_index.callbacks.beautyspot import BeautySpotRateLimiter
limiter = BeautySpotRateLimiter(3000, spot=sys.argv[1], shared=True)
print("ready", flush=True)
input()
for _ in range(25):
    limiter.acquire()
    print(time.time())
"""


def test_processes_keep_to_a_shared_limit_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ACQUIRES, str(tmp_path / "a.db")]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(2)]
    assert [child.stdout.readline() for child in children if child.stdout] == ["ready\n"] * 2
    begin_s = time.time()
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda child: child.communicate("go\n", timeout=60)[0], children))
    times = sorted(float(line) for each in told for line in each.split())
    assert len(times) == 50
    assert times[-1] - begin_s >= 49 * 0.02 - 0.01  # the first goes at once, and no sleep ends early


def test_a_response_of_nothing_settles_as_an_estimate(spot: bs.Spot, clock: FrozenClock) -> None:
    model = paced(BeautySpotRateLimiter(tokens_per_minute=600, spot=spot))
    assert list(model.stream_complete("")) == [CompletionResponse(text="", delta="")]
    model.complete("hi")
    assert sum(clock.slept) < 1


class Asking(CustomLLM):
    """Asks other models, one after the other, until one answers."""

    models: list[LLM]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        for model in self.models:
            with suppress(ConnectionError):
                answer = model.chat([ChatMessage(prompt)])
        return CompletionResponse(text=str(answer.message.content))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        for model in self.models:
            yield from model.stream_complete(prompt)


@pytest.mark.parametrize("way", ["complete", "acomplete", "stream_complete", "astream_complete"])
async def test_a_model_that_asks_another_takes_one_place_with_it(
    spot: bs.Spot, clock: FrozenClock, ask: Any, way: str
) -> None:
    limiter = BeautySpotRateLimiter(60, spot=spot)
    model = paced(limiter, Asking(models=[paced(limiter, Asking(models=[paced(limiter)]))]))
    await ask(model, way, "hi")
    assert clock.slept == []
    await ask(model, way, "hi")
    assert clock.slept == [1]


def test_each_further_call_that_a_model_makes_takes_its_own_place(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(60, spot=spot)
    paced(limiter, Asking(models=[paced(limiter, Failing()), paced(limiter), paced(limiter)])).complete("hi")
    assert clock.slept == [1, 1]


def test_a_model_that_asks_one_of_another_limiter_asks_both(spot: bs.Spot, clock: FrozenClock) -> None:
    inner = paced(BeautySpotRateLimiter(60, spot=spot))
    model = paced(BeautySpotRateLimiter(30, spot=spot), Asking(models=[inner, inner]))
    model.complete("hi")
    assert clock.slept == [1]
    model.complete("hi")
    assert clock.slept == [1, 1, 1]


def test_the_tokens_of_a_model_within_another_are_paid_once(spot: bs.Spot, clock: FrozenClock) -> None:
    limiter = BeautySpotRateLimiter(tokens_per_minute=600, spot=spot)
    model = paced(limiter, Asking(models=[paced(limiter, Failing()), paced(limiter, Told())]))
    model.complete("word" * 20), model.complete("hi")
    assert clock.slept == [pytest.approx(10)]
