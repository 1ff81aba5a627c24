"""What recorder and limiter make of calls that real clients make over HTTP."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import beautyspot as bs
import openai as openai_client
import pytest
from beautyspot.catalog import Catalog
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import BeautySpotRateLimiter, Price, Recorder, cache_llm, install
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.indices import VectorStoreIndex
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llama_index_instrumentation.dispatcher import instrument_tags
from pydantic import BaseModel
from servers.openai_api import HANG_UP, OpenAIAPI

pytestmark = [
    pytest.mark.external_service,
    # Of the host's own making.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning"),
]
Make = Callable[..., Any]
HELLO = [ChatMessage("hello")]
USE = 'use add {"a": 1, "b": 2}'


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with install(tmp_path / "runs.db", prices={"gpt-4o-mini": Price(1.0, 2.0)}) as recorder:
        yield recorder


@pytest.fixture
def embedding(openai_api: OpenAIAPI) -> OpenAIEmbedding:
    return OpenAIEmbedding(api_base=openai_api.url, api_key="sk-secret", max_retries=0)


class Sum(BaseModel):
    """A sum."""

    total: int


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def agent_run(llm: Any, *, streaming: bool = False) -> Any:
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(add)], llm=llm, streaming=streaming)
    return await agent.run(USE, memory=ChatMemoryBuffer.from_defaults(token_limit=1000))


def statuses(recorder: Recorder) -> list[str]:
    return [row.status for row in recorder.rows()]


def test_a_chat_tells_model_tokens_and_cost(openai: Make, recorder: Recorder) -> None:
    response = openai().chat(HELLO)
    [row] = recorder.rows()
    assert (row.model, row.name, row.status, row.nested) == ("gpt-4o-mini", "OpenAI.chat", "ok", False)
    assert row.input_tokens == response.raw.usage.prompt_tokens
    assert row.cost == pytest.approx((row.input_tokens * 1 + row.output_tokens * 2) / 1e6)


@pytest.mark.parametrize(
    "way", ["chat", "achat", "stream_chat", "astream_chat", "complete", "acomplete", "stream_complete"]
)
async def test_every_way_to_ask_is_one_call_that_counts(openai: Make, recorder: Recorder, ask: Any, way: str) -> None:
    await ask(openai(), way, "hello")
    [row] = [row for row in recorder.rows() if not row.nested]
    assert (row.name, row.status, row.kind) == (f"OpenAI.{way}", "ok", "llm")
    assert recorder.totals().calls == 1
    if "stream" in way:
        assert 0 < row.first_token_s <= row.elapsed_s
    else:
        assert row.output_tokens == 3


@pytest.mark.parametrize("way", ["chat", "achat", "complete", "stream_chat", "astream_chat"])
async def test_a_structured_model_counts_the_calls_of_its_model_alone(
    openai: Make, openai_api: OpenAIAPI, recorder: Recorder, ask: Any, way: str
) -> None:
    model = openai().as_structured_llm(Sum)
    await ask(model, way, 'use Sum {"total": 3}')
    assert (recorder.totals().calls, openai_api.calls) == (1, 1)
    [row] = [row for row in recorder.rows() if row.kind == "llm" and not row.nested]
    assert row.name.startswith("OpenAI.")


def test_a_stream_tells_its_tokens_where_the_provider_does(openai: Make, recorder: Recorder) -> None:
    list(openai().stream_chat(HELLO, stream_options={"include_usage": True}))
    assert [row.output_tokens for row in recorder.rows()] == [3]


@pytest.mark.parametrize("kind", [OpenAI, OpenAIResponses])
@pytest.mark.parametrize("say", ["hello", USE])
async def test_chunks_that_only_open_a_stream_are_no_first_token(
    kind: type[Any], say: str, openai_api: OpenAIAPI, tmp_path: Path
) -> None:
    clock = FrozenClock()
    llm = kind(model="gpt-4o-mini", api_base=openai_api.url, api_key="sk-secret", max_retries=0)
    with install(bs.Spot(db=str(tmp_path / "runs.db"), clock=clock)) as recorder:
        heard_s: list[float] = []
        async for chunk in await llm.astream_chat_with_tools([FunctionTool.from_defaults(add)], user_msg=say):
            if chunk.delta or any(block.block_type == "tool_call" for block in chunk.message.blocks):
                heard_s.append(clock.monotonic())
            clock.advance(1)
    [row] = recorder.rows()
    assert row.first_token_s == heard_s[0] > 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, r".*RateLimitError \(429\)"), (500, r".*Error \(500\)"), (HANG_UP, r".*ConnectionError")],
)
def test_an_error_is_told_by_its_class_and_status(
    openai: Make, openai_api: OpenAIAPI, recorder: Recorder, status: Any, error: str
) -> None:
    openai_api.fail(status)
    with pytest.raises(openai_client.APIError):
        openai().chat(HELLO)
    [row] = recorder.rows()
    assert row.status == "error"
    assert re.fullmatch(error, row.error or "")


async def test_a_cancelled_request_is_a_cancelled_run(openai: Make, openai_api: OpenAIAPI, recorder: Recorder) -> None:
    with openai_api.held():
        task = asyncio.create_task(openai().achat(HELLO))
        await asyncio.to_thread(openai_api.wait_for, 1)
        task.cancel()
        await asyncio.wait([task])
    assert statuses(recorder) == ["cancelled"]


def test_no_secret_of_a_request_is_in_the_file(openai: Make, tmp_path: Path) -> None:
    with install(tmp_path / "runs.db", capture="full") as recorder:
        openai(default_headers={"X-Key": "header-secret"}).chat(HELLO, extra_headers={"Authorization": "call-secret"})
    recorder.spot.shutdown()
    data = (tmp_path / "runs.db").read_bytes()
    assert b"answer to" in data
    assert not any(secret in data for secret in (b"sk-secret", b"header-secret", b"call-secret", b"127.0.0.1"))


@pytest.mark.parametrize("streaming", [False, True])
async def test_an_agent_s_runs_hang_together(openai: Make, recorder: Recorder, streaming: bool) -> None:
    with instrument_tags({"user": "ann"}):
        await agent_run(openai(), streaming=streaming)
    rows = recorder.rows()
    assert all("user:ann" in row.tags for row in rows)
    ids = {row.run_id for row in rows}
    assert [row.name for row in rows if row.kind == "tool"] == ["add"]
    assert [row.status for row in rows] == ["ok"] * len(rows)
    assert len([row for row in rows if row.kind == "llm"]) == 2
    assert [(row.parent_id, row.name) for row in rows if row.parent_id not in ids] == [(None, "FunctionAgent.run")]


async def test_an_agent_s_hits_are_rows(openai: Make, recorder: Recorder, tmp_path: Path) -> None:
    llm = cache_llm(openai(), tmp_path / "answers.db")
    await agent_run(llm)
    await agent_run(llm)
    assert [row.cache_hit for row in recorder.rows() if row.kind == "llm"] == [False, False, True, True]
    totals = recorder.totals()
    assert totals.saved_tokens == totals.spent_tokens > 0


def test_a_query_engine_s_calls_are_rows_of_one_trace(
    openai: Make, embedding: OpenAIEmbedding, recorder: Recorder
) -> None:
    index = VectorStoreIndex([TextNode(text="a b c"), TextNode(text="d")], embed_model=embedding)
    engine = index.as_query_engine(
        llm=openai(), node_postprocessors=[LLMRerank(llm=openai(), parse_choice_select_answer_fn=lambda *_: ([1], [9]))]
    )
    engine.query("why?")
    rows = [row for row in recorder.rows() if row.trace_id == recorder.rows()[-1].run_id]
    assert sorted(row.kind for row in rows) == ["embedding", "llm", "llm", "query", "rerank", "retriever"]
    assert {row.model for row in rows if row.kind == "embedding"} == {"text-embedding-ada-002"}


@pytest.mark.parametrize("is_cached", [False, True])
async def test_a_call_that_begins_when_an_answer_is_read_is_below_its_query(
    openai: Make, recorder: Recorder, store: bs.Spot, is_cached: bool
) -> None:
    index = VectorStoreIndex([TextNode(text="a b c")], embed_model=MockEmbedding(4))
    llm = cache_llm(openai(), store) if is_cached else openai()
    engine = index.as_query_engine(llm=llm, streaming=True)
    said = ["".join(engine.query("why?").response_gen)]
    said.append("".join([token async for token in (await engine.aquery("why?")).response_gen]))
    rows = recorder.rows()
    queries = [row for row in rows if row.kind == "query"]
    assert said[0] == said[1] != ""
    assert [row.parent_id for row in rows if row.kind == "llm"] == [row.run_id for row in queries]
    assert [row.trace_id for row in rows if row.kind == "llm"] == [row.trace_id for row in queries]


def test_a_query_s_stream_that_is_closed_early_ends_its_call(openai: Make, recorder: Recorder) -> None:
    engine = VectorStoreIndex([TextNode(text="a")], embed_model=MockEmbedding(4)).as_query_engine(
        openai(), streaming=True
    )
    stream = engine.query("why?").response_gen
    next(stream)
    stream.close()
    assert [row.status for row in recorder.rows() if row.kind == "llm"] == ["cancelled"]


def test_a_chat_engine_s_stream_is_a_run_to_its_end(
    openai: Make, embedding: OpenAIEmbedding, recorder: Recorder
) -> None:
    index = VectorStoreIndex([TextNode(text="a b c")], embed_model=embedding)
    engine = index.as_chat_engine(
        chat_mode="context", llm=openai(), memory=ChatMemoryBuffer.from_defaults(token_limit=1000)
    )
    assert "answer" in "".join(engine.stream_chat("why?").response_gen)
    chat = recorder.rows()[-1]
    assert (chat.name, chat.status, chat.kind) == ("ContextChatEngine.stream_chat", "ok", "query")
    assert {row.parent_id for row in recorder.rows() if row.kind == "llm"} == {chat.run_id}


async def test_a_workflow_s_calls_are_rows_below_its_steps(openai: Make, recorder: Recorder) -> None:
    llm = openai()

    class Flow(Workflow):
        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=(await llm.achat(HELLO)).message.content)

    assert await Flow().run() == "answer to hello"
    rows = {row.kind: row for row in recorder.rows()}
    assert (rows["llm"].parent_id, rows["step"].parent_id) == (rows["step"].run_id, rows["chain"].run_id)


async def test_batches_of_embeddings_are_rows(embedding: OpenAIEmbedding, recorder: Recorder) -> None:
    embedding.embed_batch_size = 2
    await embedding.aget_text_embedding_batch(["a", "b", "c"])
    embedding.get_query_embedding("q")
    assert [(row.kind, row.status) for row in recorder.rows()] == [("embedding", "ok")] * 3


def test_calls_wait_for_the_tokens_that_a_real_client_reports(openai: Make, tmp_path: Path) -> None:
    clock = FrozenClock()
    limiter = BeautySpotRateLimiter(tokens_per_minute=60, spot=bs.Spot(db=str(tmp_path / "a.db"), clock=clock))
    llm = openai()
    llm.rate_limiter = limiter
    used = llm.chat(HELLO).raw.usage.total_tokens
    llm.chat([ChatMessage("hello again")])
    assert clock.slept == [pytest.approx(used)]


def test_a_request_that_failed_costs_no_tokens(openai: Make, openai_api: OpenAIAPI, tmp_path: Path) -> None:
    clock = FrozenClock()
    llm = openai()
    llm.rate_limiter = BeautySpotRateLimiter(tokens_per_minute=60, spot=bs.Spot(db=str(tmp_path / "a.db"), clock=clock))
    openai_api.fail(500)
    with pytest.raises(openai_client.APIError):
        llm.chat([ChatMessage("word " * 20)])
    llm.chat(HELLO)
    assert clock.slept == []


def test_what_models_cost_is_summed_without_the_hits(openai: Make, recorder: Recorder, tmp_path: Path) -> None:
    llm = cache_llm(openai(), tmp_path / "answers.db")
    llm.chat(HELLO), llm.chat(HELLO)
    recorder.flush()
    with Catalog.open(tmp_path / "runs.db") as catalog:
        [summary] = catalog.models()
    assert (summary.model, summary.runs, summary.cache_hits) == ("gpt-4o-mini", 2, 1)
    assert summary.input_tokens + summary.output_tokens == recorder.totals().spent_tokens == summary.saved_tokens
