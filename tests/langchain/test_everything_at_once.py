"""Cache, middleware, limiter and recorder together: the sums are what the server counted."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from langchain.agents import create_agent
from langchain_beautyspot import (
    BeautySpotCache,
    BeautySpotCallbackHandler,
    BeautySpotRateLimiter,
    CacheMiddleware,
    record_runs,
)
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service
Make = Callable[..., Any]
QUESTION: Any = {"messages": [("human", 'use add {"a": 1, "b": 2}')]}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class City(BaseModel):
    """A city."""

    name: str


@pytest.fixture(params=["file", "postgres_url", "redis_url"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "all.db") if request.param == "file" else request.getfixturevalue(request.param)


def asked(recorder: BeautySpotCallbackHandler) -> int:
    """Return how many calls the recorder takes for paid ones."""
    assert recorder.totals().failures == 0
    return recorder.totals().calls - recorder.totals().hits


async def by_invoke(agent: Any, config: Any) -> None:
    await agent.ainvoke(QUESTION, config)


async def by_messages(agent: Any, config: Any) -> None:
    async for _ in agent.astream(QUESTION, config, stream_mode="messages"):
        pass


async def by_events(agent: Any, config: Any) -> None:
    async for _ in agent.astream_events(QUESTION, config, version="v2"):
        pass


@pytest.mark.parametrize("ask", [by_invoke, by_messages, by_events])
async def test_an_agent_with_everything_asks_once_on_every_store(
    place: str, chat: Make, openai_api: OpenAIAPI, ask: Callable[..., Any]
) -> None:
    spot = Spot("all", db=place)
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=6000)
    model = chat(cache=BeautySpotCache(spot), rate_limiter=limiter, callbacks=[limiter.callback], stream_usage=True)
    lengths: set[int] = set()
    with record_runs(spot) as recorder:
        for thread in range(3):
            agent = create_agent(
                model, [add], middleware=[CacheMiddleware(spot, tools=["add"])], checkpointer=InMemorySaver()
            )
            config: Any = {"configurable": {"thread_id": str(thread)}}
            await ask(agent, config)
            lengths.add(len(agent.get_state(config).values["messages"]))
    assert (openai_api.calls, asked(recorder), recorder.totals().hits, lengths) == (2, 2, 4, {4})
    assert recorder.totals().saved_tokens == 2 * recorder.totals().spent_tokens > 0


@pytest.mark.parametrize("structured", [False, True])
async def test_batches_with_duplicates_are_asked_once_each(
    place: str, chat: Make, openai_api: OpenAIAPI, structured: bool
) -> None:
    spot = Spot("all", db=place)
    model = chat(cache=BeautySpotCache(spot))
    runnable: Any = model.with_structured_output(City) if structured else model
    questions = [f"city {number % 3}" for number in range(12)]
    with record_runs(spot) as recorder:
        one = await runnable.abatch(questions, {"max_concurrency": 4})
        two = await asyncio.to_thread(runnable.batch, questions, {"max_concurrency": 4})
    read = (lambda each: each) if structured else (lambda each: each.text)
    assert [read(each) for each in one] == [read(each) for each in two]
    assert (openai_api.calls, asked(recorder), recorder.totals().hits) == (3, 3, 21)


async def test_retries_and_fallbacks_are_told_as_the_server_counts_them(
    place: str, chat: Make, openai_api: OpenAIAPI
) -> None:
    spot = Spot("all", db=place)
    cache = BeautySpotCache(spot)
    model = chat(cache=cache).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    chain = model.with_fallbacks([chat(model="other", cache=cache)]).with_config(tags=["mine"])
    openai_api.fail(500, 429)
    with record_runs(spot) as recorder:
        for _ in range(2):
            assert (await chain.ainvoke("hello")).text == "answer to hello"
    assert openai_api.calls == asked(recorder)
    assert recorder.totals().errors == 2


async def test_tenants_of_one_store_share_nothing(place: str, chat: Make, openai_api: OpenAIAPI) -> None:
    spot = Spot("all", db=place)
    caches = {name: BeautySpotCache(spot, namespace=name) for name in ("ann", "bob")}
    for _ in range(2):
        await asyncio.gather(*(chat(cache=each).ainvoke("hello") for each in caches.values()))
    assert openai_api.calls == 2
    caches["ann"].clear()
    await asyncio.gather(*(chat(cache=each).ainvoke("hello") for each in caches.values()))
    assert openai_api.calls == 3


async def test_a_stream_of_an_agent_that_is_left_is_asked_again_and_counted(
    tmp_path: Path, chat: Make, openai_api: OpenAIAPI
) -> None:
    spot = Spot("all", db=tmp_path / "all.db")
    agent = create_agent(chat(), middleware=[CacheMiddleware(spot)])
    question: Any = {"messages": [("human", "a long story of many words")]}
    with record_runs(spot) as recorder:
        async with aclosing(agent.astream(question, stream_mode="messages")) as stream:
            async for _ in stream:
                break
        for _ in range(2):
            assert (await agent.ainvoke(question))["messages"][-1].text.startswith("answer to a long")
    assert openai_api.calls == asked(recorder)
    assert openai_api.calls <= 2


AGENT = """
import os, signal, sys
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
from langchain_openai import ChatOpenAI
place, url, last = sys.argv[1:]
model = ChatOpenAI(model="m", base_url=url, api_key="k", cache=BeautySpotCache(place))
for number in range(4):
    model.invoke(f"question {number}")
    if str(number) == last:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["file"], indirect=True)
def test_a_killed_program_goes_on_where_it_was(place: str, openai_api: OpenAIAPI) -> None:
    def run(last: str) -> int:
        return subprocess.run([sys.executable, "-c", AGENT, place, openai_api.url, last], env={**os.environ}).returncode

    assert (run("1"), run(""), openai_api.calls) == (-signal.SIGKILL, 0, 4)
