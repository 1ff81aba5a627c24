"""What recorder and limiter make of calls that real clients make over HTTP."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import beautyspot as bs
import openai
import pytest
from beautyspot.catalog import Catalog
from beautyspot.testing import FrozenClock
from langchain.agents import create_agent
from langchain_beautyspot import (
    BeautySpotCache,
    BeautySpotCallbackHandler,
    BeautySpotRateLimiter,
    CacheMiddleware,
    Price,
    record_runs,
)
from langchain_core.tools import tool
from servers.openai_api import HANG_UP, OpenAIAPI

pytestmark = pytest.mark.external_service
Make = Callable[..., Any]


@pytest.fixture
def recorder(tmp_path: Path) -> BeautySpotCallbackHandler:
    return BeautySpotCallbackHandler(tmp_path / "runs.db", prices={"gpt-test": Price(1.0, 2.0)})


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def statuses(recorder: BeautySpotCallbackHandler) -> list[str]:
    return [row.status for row in recorder.rows()]


def test_an_invoke_tells_model_provider_tokens_and_cost(chat: Make, recorder: BeautySpotCallbackHandler) -> None:
    said = chat(callbacks=[recorder]).invoke("hello")
    [row] = recorder.rows()
    assert (row.model, row.name, row.status) == ("gpt-test", "ChatOpenAI", "ok")
    assert "provider:openai" in row.tags
    assert row.input_tokens == said.usage_metadata["input_tokens"]
    assert row.cost == pytest.approx((row.input_tokens * 1 + row.output_tokens * 2) / 1e6)


def test_a_stream_tells_its_tokens_and_when_the_first_came(chat: Make, recorder: BeautySpotCallbackHandler) -> None:
    list(chat(callbacks=[recorder], stream_usage=True).stream("hello"))
    [row] = recorder.rows()
    assert row.status == "ok"
    assert row.output_tokens == 3
    assert 0 < row.first_token_s <= row.elapsed_s


def test_a_stream_that_nobody_reads_to_its_end_is_abandoned(chat: Make, recorder: BeautySpotCallbackHandler) -> None:
    stream = chat(callbacks=[recorder]).stream("hello")
    next(stream)
    stream.close()
    assert statuses(recorder) == ["abandoned"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, r".*RateLimitError \(429\)"), (500, r".*Error \(500\)"), (HANG_UP, r".*ConnectionError")],
)
def test_an_error_is_told_by_its_class_and_status(
    chat: Make, openai_api: OpenAIAPI, recorder: BeautySpotCallbackHandler, status: Any, error: str
) -> None:
    openai_api.fail(status)
    with pytest.raises(openai.APIError):
        chat(callbacks=[recorder]).invoke("hello")
    [row] = recorder.rows()
    assert row.status == "error"
    assert re.fullmatch(error, row.error)
    assert recorder.totals().errors == 1


def test_what_failed_and_was_tried_again_by_a_chain_is_two_runs(
    chat: Make, openai_api: OpenAIAPI, recorder: BeautySpotCallbackHandler
) -> None:
    openai_api.fail(500)
    retrying = chat().with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    retrying.invoke("hello", {"callbacks": [recorder]})
    assert [row.status for row in recorder.rows() if row.kind == "llm"] == ["error", "ok"]


async def test_async_calls_streams_and_batches_are_rows(chat: Make, recorder: BeautySpotCallbackHandler) -> None:
    model = chat(callbacks=[recorder])
    await model.ainvoke("hello")
    assert [chunk async for chunk in model.astream("hello")]
    await model.abatch(["a", "b"])
    assert statuses(recorder) == ["ok"] * 4


async def test_a_cancelled_request_is_a_cancelled_run(
    chat: Make, openai_api: OpenAIAPI, recorder: BeautySpotCallbackHandler
) -> None:
    with openai_api.held():
        task = asyncio.create_task(chat(callbacks=[recorder]).ainvoke("hello"))
        await asyncio.to_thread(openai_api.wait_for, 1)
        task.cancel()
        await asyncio.wait([task])
    assert statuses(recorder) == ["cancelled"]


def test_no_secret_of_a_request_is_in_the_file(chat: Make, tmp_path: Path) -> None:
    recorder = BeautySpotCallbackHandler(tmp_path / "runs.db", capture="full")
    model = chat(default_headers={"X-Key": "header-secret"}, callbacks=[recorder])
    model.invoke("hello", extra_headers={"Authorization": "call-secret"})
    recorder.flush()
    recorder.spot.shutdown()
    data = (tmp_path / "runs.db").read_bytes()
    assert b"answer to" in data
    assert not any(secret in data for secret in (b"sk-secret", b"header-secret", b"call-secret", b"127.0.0.1"))


def test_an_agent_s_runs_hang_together(chat: Make, recorder: BeautySpotCallbackHandler) -> None:
    agent = create_agent(chat(), [add])
    question = {"messages": [("user", 'use add {"a": 1, "b": 2}')]}
    agent.invoke(question, {"callbacks": [recorder], "configurable": {"thread_id": "42"}})
    rows = recorder.rows()
    ids = {row.run_id for row in rows}
    assert [row.name for row in rows if row.kind in ("llm", "tool")] == ["ChatOpenAI", "add", "ChatOpenAI"]
    assert [row.parent_id for row in rows if row.parent_id not in ids] == [None]
    assert len({row.trace_id for row in rows}) == 1
    assert {"node:tools", "thread:42"} <= set(next(row for row in rows if row.kind == "tool").tags)


def test_an_agent_s_hits_are_rows_although_no_model_is_asked(
    chat: Make, openai_api: OpenAIAPI, recorder: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    agent = create_agent(chat(), [add], middleware=[CacheMiddleware(tmp_path / "agents.db", tools=["add"])])
    question = {"messages": [("user", 'use add {"a": 1, "b": 2}')]}
    agent.invoke(question)
    agent.invoke(question, {"callbacks": [recorder]})
    hits = [row for row in recorder.rows() if row.cache_hit]
    assert openai_api.calls == 2
    assert [(row.kind, row.name) for row in hits] == [("llm", "ChatOpenAI"), ("tool", "add"), ("llm", "ChatOpenAI")]
    assert {row.trace_id for row in hits} == {recorder.rows()[-1].run_id}
    assert recorder.totals().saved_tokens > 0 == recorder.totals().spent_tokens


@pytest.mark.parametrize("name", ["chat", "text_model"])
def test_hits_and_misses_are_told_apart_in_the_context_of_a_block(
    name: str, request: pytest.FixtureRequest, cache: BeautySpotCache, tmp_path: Path
) -> None:
    model = request.getfixturevalue(name)()
    with record_runs(tmp_path / "runs.db") as recorder:
        model.invoke("hello"), model.invoke("hello")
    assert [row.cache_hit for row in recorder.rows()] == [False, True]
    totals = recorder.totals()
    saved = totals.spent_tokens if name == "chat" else 0  # a text model tells a cache of no tokens
    assert totals.spent_tokens > 0
    assert totals.saved_tokens == saved


def test_hits_spend_no_limit(chat: Make, openai_api: OpenAIAPI, cache: BeautySpotCache, tmp_path: Path) -> None:
    clock = FrozenClock()
    spot = bs.Spot(db=str(tmp_path / "limits.db"), clock=clock)
    limiter = BeautySpotRateLimiter(spot, requests_per_minute=60, tokens_per_minute=600)
    model = chat(rate_limiter=limiter, callbacks=[limiter.callback])
    for _ in range(5):
        model.invoke("hello")
    assert (openai_api.calls, clock.slept) == (1, [])


def test_calls_wait_for_the_tokens_that_a_real_client_reports(chat: Make, tmp_path: Path) -> None:
    clock = FrozenClock()
    spot = bs.Spot(db=str(tmp_path / "limits.db"), clock=clock)
    limiter = BeautySpotRateLimiter(spot, tokens_per_minute=60)
    model = chat(rate_limiter=limiter, callbacks=[limiter.callback])
    used = model.invoke("hello").usage_metadata["total_tokens"]
    model.invoke("hello again")
    assert clock.slept == [pytest.approx(used)]


def test_what_models_cost_is_summed_without_the_hits(
    chat: Make, cache: BeautySpotCache, recorder: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    model = chat(callbacks=[recorder])
    model.invoke("hello"), model.invoke("hello")
    recorder.flush()
    with Catalog.open(tmp_path / "runs.db") as catalog:
        [summary] = catalog.models()
    assert (summary.model, summary.runs, summary.cache_hits) == ("gpt-test", 2, 1)
    assert summary.input_tokens + summary.output_tokens == recorder.totals().spent_tokens == summary.saved_tokens
