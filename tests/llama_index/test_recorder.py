"""What a recorder makes of calls of models without a server."""

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import beautyspot as bs
import msgpack
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Run
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import (
    BeautySpotRateLimiter,
    Price,
    RateLimitTimeout,
    Recorder,
    cache_embedding,
    cache_llm,
    install,
)
from llama_index.callbacks.beautyspot.recorder import recorder as installing
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.indices import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.schema import Document, TextNode
from llama_index.core.tools import BaseTool, FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import instrument_tags
from workflows.errors import WorkflowCancelledByUser

pytestmark = [  # importing them, LlamaIndex looks for LangChain's community, and its agents for the fields of a model
    pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
]
HELLO = [ChatMessage("hello")]
USAGE = {
    "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "prompt_tokens_details": {"cached_tokens": 60},
}  # fmt: skip


class Told(MockLLM):
    """Says which model it is and how many tokens it took."""

    model: str = "gpt-9"

    def to_payload(self) -> dict[str, Any]:
        return {"model_name": self.model}

    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        answer = ChatMessage("yes", role="assistant")
        return ChatResponse(message=answer, raw={"usage": USAGE, "model": "gpt-9-2026-01-01"})


class Broken(MockLLM):
    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        raise LookupError("the prompt was secret")

    @llm_chat_callback()
    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        def chunks() -> Iterator[ChatResponse]:
            yield ChatResponse(message=ChatMessage("a", role="assistant"), delta="a")
            raise LookupError("the prompt was secret")

        return chunks()


class Hanging(MockLLM):
    @llm_chat_callback()
    async def achat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with install(tmp_path / "runs.db", prices={"gpt-*": Price(2.0, 8.0, cached=0.5)}) as recorder:
        yield recorder


def kept(path: Path) -> list[Run]:
    with closing(SQLiteTaskDB(path)) as db:
        return list(db.read_runs())


def statuses(recorder: Recorder) -> list[str]:
    return [row.status for row in recorder.rows()]


def by_name(recorder: Recorder) -> dict[str, Run]:
    return {row.name: row for row in recorder.rows()}


def test_a_call_becomes_a_row_with_its_tokens(recorder: Recorder, tmp_path: Path) -> None:
    with instrument_tags({"user": "ann", "turn": 7}):
        Told().chat(HELLO)
    [row] = recorder.rows()
    assert (row.kind, row.name, row.model, row.status, row.cache_hit) == ("llm", "Told.chat", "gpt-9", "ok", False)
    assert (row.input_tokens, row.output_tokens, row.cached_tokens) == (100, 10, 60)
    assert (row.parent_id, row.trace_id, row.error, row.details) == (None, row.run_id, None, None)
    assert row.tags == ("user:ann", "turn:7")
    assert recorder.flush()
    assert kept(tmp_path / "runs.db") == [row]


def test_the_cost_follows_from_the_table_and_what_the_provider_had_cached(recorder: Recorder) -> None:
    Told().chat(HELLO)
    assert recorder.rows()[0].cost == recorder.totals().cost
    assert recorder.totals().cost == pytest.approx((40 * 2.0 + 60 * 0.5 + 10 * 8.0) / 1e6)


async def test_calls_that_a_model_makes_of_its_own_are_nested_and_no_sum_doubles(
    recorder: Recorder, tmp_path: Path
) -> None:
    await Told().achat(HELLO)  # calls its `chat`
    inner, outer = recorder.rows()
    assert (inner.nested, outer.nested, inner.parent_id) == (True, False, outer.run_id)
    assert (recorder.totals().calls, recorder.totals().spent_tokens) == (1, 110)
    recorder.flush()
    with Catalog.open(tmp_path / "runs.db") as catalog:
        [model] = catalog.models()
    assert (model.runs, model.input_tokens) == (1, 100)


async def test_a_stream_that_a_model_reads_of_its_own_is_nested(recorder: Recorder) -> None:
    said = [chunk async for chunk in await MockLLM().astream_complete("abc")]
    said += [chunk async for chunk in await MockLLM().astream_chat(HELLO)]
    list(MockLLM().stream_complete("abc"))
    rows = recorder.rows()
    ids = {row.run_id: row for row in rows}
    assert [row.name for row in rows if not row.nested] == [
        "MockLLM.astream_complete",
        "MockLLM.astream_chat",
        "MockLLM.stream_complete",
    ]
    assert all(ids[row.parent_id].trace_id == row.trace_id for row in rows if row.nested)


def test_a_stream_is_timed_from_its_start_to_its_end(tmp_path: Path) -> None:
    clock = FrozenClock()
    with install(bs.Spot(db=str(tmp_path / "a.db"), clock=clock)) as recorder:
        stream = MockLLM().stream_complete("abc")
        clock.advance(2)
        for _ in stream:
            clock.advance(1)
    [row] = recorder.rows()
    assert (row.first_token_s, row.elapsed_s, row.status) == (2.0, 5.0, "ok")


def test_a_stream_that_is_closed_early_is_cancelled(recorder: Recorder) -> None:
    stream: Any = MockLLM().stream_complete("abc")
    next(stream)
    stream.close()
    assert statuses(recorder) == ["cancelled"]


async def test_an_async_stream_that_is_closed_early_is_cancelled(recorder: Recorder) -> None:
    stream: Any = await MockLLM().astream_complete("abc")
    await anext(stream)
    await stream.aclose()
    assert [row.status for row in recorder.rows() if not row.nested] == ["cancelled"]


def test_a_stream_that_nobody_reads_is_abandoned_at_the_end(tmp_path: Path) -> None:
    with install(tmp_path / "a.db") as recorder:
        MockLLM().stream_complete("abc")
        assert recorder.rows() == []
    assert [row.status for row in kept(tmp_path / "a.db")] == ["abandoned"]


def test_a_failed_call_tells_which_error_it_was_and_not_what_it_said(recorder: Recorder) -> None:
    with pytest.raises(LookupError):
        Broken().chat(HELLO)
    [row] = recorder.rows()
    assert (row.status, row.error) == ("error", "LookupError")
    assert "secret" not in repr(row)
    assert recorder.totals().errors == 1


def test_a_stream_that_breaks_off_is_an_error(recorder: Recorder) -> None:
    with pytest.raises(LookupError):
        list(Broken().stream_chat(HELLO))
    [row] = recorder.rows()
    assert (row.status, row.error) == ("error", "LookupError")
    assert row.first_token_s is not None


async def test_a_cancelled_call_is_cancelled(recorder: Recorder) -> None:
    task = asyncio.create_task(Hanging().achat(HELLO))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert statuses(recorder) == ["cancelled"]


def test_a_query_with_a_reranker_becomes_rows_under_their_parents(recorder: Recorder) -> None:
    index = VectorStoreIndex([TextNode(text="a b c")], embed_model=MockEmbedding(4))
    reranker = LLMRerank(llm=MockLLM())
    index.as_query_engine(llm=MockLLM(), node_postprocessors=[reranker]).query("q")
    rows = by_name(recorder)
    query, rerank = rows["RetrieverQueryEngine.query"], rows["LLMRerank._postprocess_nodes"]
    retrieve, asked = rows["VectorIndexRetriever.retrieve"], rows["MockEmbedding.get_query_embedding"]
    assert [row.kind for row in (query, rerank, retrieve, asked)] == ["query", "rerank", "retriever", "embedding"]
    assert rerank.parent_id == retrieve.parent_id == query.run_id == query.trace_id
    assert (asked.parent_id, rows["MockLLM.complete"].parent_id) == (retrieve.run_id, rerank.run_id)
    assert rows["MockEmbedding.get_text_embedding_batch"].trace_id != query.trace_id


def test_what_fails_inside_a_query_fails_the_query(recorder: Recorder) -> None:
    index = VectorStoreIndex([TextNode(text="a b c")], embed_model=MockEmbedding(4))
    engine = index.as_query_engine(llm=Broken(is_chat_model=True))
    with pytest.raises(LookupError):
        engine.query("q")
    rows = by_name(recorder)
    failed = {name: row.error for name, row in rows.items() if row.status == "error"}
    assert failed == {"RetrieverQueryEngine.query": "LookupError", "Broken.chat": "LookupError"}


def test_a_chat_that_streams_ends_with_its_stream(recorder: Recorder) -> None:
    index = VectorStoreIndex([TextNode(text="a b c")], embed_model=MockEmbedding(4))
    memory = ChatMemoryBuffer.from_defaults(token_limit=1000)  # the default one leaves a connection open
    engine = index.as_chat_engine(chat_mode="context", llm=MockLLM(max_tokens=3), memory=memory)
    response = engine.stream_chat("q")
    assert "".join(response.response_gen)
    rows = by_name(recorder)
    chat, answer = rows["ContextChatEngine.stream_chat"], rows["MockLLM.stream_complete"]
    assert (chat.kind, chat.status, answer.parent_id) == ("query", "ok", chat.run_id)
    assert chat.elapsed_s > answer.elapsed_s


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # its thread raises as well
def test_a_chat_whose_stream_breaks_off_is_an_error(recorder: Recorder) -> None:
    engine = SimpleChatEngine.from_defaults(
        llm=Broken(is_chat_model=True), memory=ChatMemoryBuffer.from_defaults(token_limit=1000)
    )
    with pytest.raises(LookupError):
        "".join(engine.stream_chat("q").response_gen)
    assert {row.name: (row.status, row.error) for row in recorder.rows()} == {
        "Broken.stream_chat": ("error", "LookupError"),
        "SimpleChatEngine.stream_chat": ("error", "LookupError"),
    }


async def test_batches_of_one_span_are_a_row_each(recorder: Recorder) -> None:
    await MockEmbedding(2, embed_batch_size=2).aget_text_embedding_batch(["a", "b", "c"])
    first, second = recorder.rows()
    assert first.run_id != second.run_id
    assert (first.status, first.trace_id, first.kind) == ("ok", second.trace_id, "embedding")


class Words(BaseSparseEmbedding):
    """Embeds a text as how often it has each character."""

    def _get_text_embedding(self, text: str) -> dict[int, float]:
        return {ord(each): float(text.count(each)) for each in text}

    async def _aget_text_embedding(self, text: str) -> dict[int, float]:
        return self._get_text_embedding(text)

    _get_query_embedding, _aget_query_embedding = _get_text_embedding, _aget_text_embedding


async def test_sparse_embeddings_are_rows_as_dense_ones_are(recorder: Recorder, tmp_path: Path) -> None:
    model = cache_embedding(Words(model_name="words", embed_batch_size=2), tmp_path / "vectors.db")
    model.get_text_embedding("a")
    model.get_query_embedding("a")
    await model.aget_text_embedding_batch(["b", "c", "d"])
    model.get_text_embedding_batch(["a", "b"])
    rows = recorder.rows()
    assert {(row.kind, row.status, row.model) for row in rows} == {("embedding", "ok", "words")}
    assert [row.cache_hit for row in rows] == [False, False, False, False, True]


async def test_calls_that_run_at_once_keep_their_parents_apart(recorder: Recorder) -> None:
    class Flow(Workflow):
        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            await asyncio.gather(*(MockLLM().acomplete(str(n)) for n in range(3)))
            return StopEvent()

    await asyncio.gather(Flow().run(), Flow().run())
    rows = recorder.rows()
    steps = {row.run_id: row for row in rows if row.kind == "step"}
    roots = {row.run_id for row in rows if row.kind == "chain"}
    asked = [row for row in rows if row.name == "MockLLM.acomplete"]
    assert len(asked) == 6
    assert {steps[row.parent_id].parent_id for row in asked} == roots == {row.trace_id for row in asked}


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


async def test_the_runs_of_an_agent_hang_together(recorder: Recorder) -> None:
    tool = FunctionTool.from_defaults(add)
    await FunctionAgent(tools=[tool], llm=MockFunctionCallingLLM(), streaming=False).run("my secret question")
    rows = recorder.rows()
    [root] = [row for row in rows if row.parent_id is None]
    assert (root.kind, root.name) == ("chain", "FunctionAgent.run")
    assert {row.trace_id for row in rows} == {root.run_id}
    [called] = [row for row in rows if row.kind == "tool"]
    assert (called.name, called.status, called.error) == ("add", "error", "TypeError")  # the mock gives no arguments
    assert called.parent_id == next(row.run_id for row in rows if row.name.endswith(".call_tool"))
    assert any(tag.startswith("run:") for tag in called.tags)
    assert "secret" not in repr(rows)  # workflows quote it in tags


class FailingTool(BaseTool):
    metadata = ToolMetadata("Fail.", name="fail")

    def __call__(self, _: Any) -> ToolOutput:
        error = ValueError("secret")
        return ToolOutput(content="", tool_name="fail", raw_input={}, raw_output=None, is_error=True, exception=error)


def test_a_tool_is_one_run_and_may_tell_its_failure_in_its_output(recorder: Recorder) -> None:
    FunctionTool.from_defaults(add)(1, 2)
    FailingTool()("x")
    assert [(row.name, row.status, row.error) for row in recorder.rows()] == [
        ("add", "ok", None),
        ("fail", "error", "ValueError"),
    ]


async def test_a_workflow_that_its_user_cancels_is_cancelled(recorder: Recorder) -> None:
    started = asyncio.Event()

    class Waiting(Workflow):
        @step
        async def wait(self, event: StartEvent) -> StopEvent:
            started.set()
            await asyncio.Event().wait()
            return StopEvent()

    handler = Waiting().run()
    await started.wait()
    await handler.cancel_run()
    with pytest.raises(WorkflowCancelledByUser):
        await handler
    assert {row.kind: row.status for row in recorder.rows()} == {"step": "cancelled", "chain": "cancelled"}


CHILD = """
import json, sys
from llama_index.callbacks.beautyspot import install
from llama_index.core.llms import MockLLM
from llama_index_instrumentation import get_dispatcher
with install(sys.argv[1]):
    get_dispatcher().restore_propagation_context(json.loads(sys.argv[2]))
    MockLLM().complete("hi")
"""


async def test_a_run_keeps_its_parent_across_processes(recorder: Recorder, tmp_path: Path) -> None:
    told: list[str] = []

    class Flow(Workflow):
        @step
        async def hand_over(self, event: StartEvent) -> StopEvent:
            told.append(json.dumps(get_dispatcher().capture_propagation_context()))
            return StopEvent()

    await Flow().run()
    subprocess.run([sys.executable, "-c", CHILD, str(tmp_path / "runs.db"), told[0]], check=True, timeout=120)
    recorder.flush()
    rows = {row.kind: row for row in kept(tmp_path / "runs.db")}
    assert (rows["llm"].parent_id, rows["llm"].trace_id) == (rows["step"].run_id, rows["chain"].run_id)


def test_threads_keep_the_parent_that_their_context_names(recorder: Recorder) -> None:
    def ask() -> str:
        """Ask in a thread."""
        with ThreadPoolExecutor() as pool:
            return pool.submit(copy_context().run, MockLLM().complete, "hi").result().text

    FunctionTool.from_defaults(ask).call()
    rows = by_name(recorder)
    assert rows["MockLLM.complete"].parent_id == rows["ask"].run_id


def test_many_threads_lose_no_run(recorder: Recorder, tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(MockLLM().complete, ["q"] * 3000))
    assert recorder.totals().runs == 3000
    recorder.flush()
    assert len(kept(tmp_path / "runs.db")) == 3000


def test_the_wait_for_a_limiter_is_told_apart(tmp_path: Path) -> None:
    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=FrozenClock())
    model = MockLLM()
    model.rate_limiter = BeautySpotRateLimiter(60, spot=spot)
    with install(spot) as recorder:
        model.complete("q"), asyncio.run(model.acomplete("q"))
    assert {row.name: row.waited_s for row in recorder.rows() if not row.nested} == {
        "MockLLM.complete": 0,
        "MockLLM.acomplete": 1,
    }
    assert recorder.totals().waited_s == 1


def test_the_hits_of_a_batch_bear_the_name_of_its_call(recorder: Recorder, tmp_path: Path) -> None:
    model = cache_embedding(MockEmbedding(2), tmp_path / "vectors.db")
    model.get_text_embedding_batch(["a", "b"])
    model.get_text_embedding_batch(["a", "b"])
    assert [row.name for row in recorder.rows()] == ["MockEmbedding.get_text_embedding_batch"] * 2


def test_a_cached_embedding_tells_its_hits_and_its_waits(tmp_path: Path) -> None:
    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=FrozenClock())
    model = cache_embedding(MockEmbedding(2), spot)
    model.rate_limiter = BeautySpotRateLimiter(60, spot=spot)
    with install(spot) as recorder:
        for text in ("a", "b", "a"):
            model.get_text_embedding(text)
    assert [(row.cache_hit, row.waited_s) for row in recorder.rows()] == [(False, 0), (False, 1), (True, 0)]


def test_a_call_that_its_limiter_refuses_is_an_error(recorder: Recorder) -> None:
    model = MockLLM()
    model.rate_limiter = BeautySpotRateLimiter(1, timeout=1)
    model.complete("q")
    with pytest.raises(RateLimitTimeout):
        model.complete("q")
    assert [(row.status, row.error) for row in recorder.rows()] == [("ok", None), ("error", "RateLimitTimeout")]


def test_a_hit_is_marked_and_its_tokens_are_saved_ones(recorder: Recorder, tmp_path: Path) -> None:
    model = cache_llm(Told(), tmp_path / "answers.db", model_id="told")
    model.chat(HELLO), model.chat(HELLO)
    miss, hit = recorder.rows()
    assert (miss.cache_hit, hit.cache_hit, hit.cost) == (False, True, 0.0)
    assert miss.cache_key == hit.cache_key
    assert miss.cache_key is not None
    totals = recorder.totals()
    assert (totals.calls, totals.hits, totals.spent_tokens, totals.saved_tokens) == (2, 1, 110, 110)
    assert totals.cost == totals.saved_cost > 0


def test_a_hit_that_streams_is_marked_as_well(recorder: Recorder, tmp_path: Path) -> None:
    model = cache_llm(MockLLM(), tmp_path / "answers.db", model_id="mock")
    model.complete("hello"), list(model.stream_complete("hello"))
    assert [(row.name, row.cache_hit) for row in recorder.rows()] == [
        ("MockLLM.complete", False),
        ("MockLLM.stream_complete", True),
    ]


def test_tags_hold_no_secret_and_nothing_that_is_no_word(recorder: Recorder) -> None:
    with instrument_tags({"api_key": "k-1", "note": "Bearer abcdefghijkl", "list": ["secret"], "n\0l": "\udfff"}):
        MockLLM().complete("q")
    assert recorder.rows()[0].tags == ("api_key:…", "note:Bearer …", "nl:?")


def test_tags_pass_the_redaction(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", redact=lambda text: text.replace("Ann", "A.")) as recorder:
        with instrument_tags({"user": "Ann", "Ann's": 1}):
            MockLLM().complete("q")
        assert recorder.rows()[0].tags == ("user:A.", "A.'s:1")


def test_a_redaction_that_fails_on_tags_costs_no_row(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", redact=lambda text: str(1 / 0)) as recorder:
        with instrument_tags({"user": "Ann"}):
            MockLLM().complete("q")
        assert [(row.status, row.tags) for row in recorder.rows()] == [("ok", ())]
        assert recorder.totals().failures == 1


def test_only_what_is_asked_for_is_captured(recorder: Recorder, tmp_path: Path) -> None:
    MockLLM(max_tokens=None).complete("the question")
    recorder.uninstall()
    recorder.spot.shutdown()
    assert b"the question" not in (tmp_path / "runs.db").read_bytes()


async def test_a_full_capture_holds_inputs_and_outputs_redacted(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", capture="full", redact=lambda text: text.replace("Ann", "A.")) as recorder:
        Told().chat([ChatMessage("I am Ann, sk-abcdefghijklmnopqrst")])
        FunctionTool.from_defaults(add).call(a=1, b=2)
        VectorStoreIndex([TextNode(text="about Ann")], embed_model=MockEmbedding(4)).as_retriever().retrieve("Ann?")
        rows = {row.kind: msgpack.unpackb(row.details or b"\x80") for row in recorder.rows()}
    assert rows["llm"]["inputs"] == [{"role": "user", "content": "I am A., sk…"}]
    assert rows["llm"]["outputs"] == {"role": "assistant", "content": "yes"}
    assert (rows["tool"]["inputs"], rows["tool"]["outputs"]) == ({"kwargs": {"a": 1, "b": 2}}, "3")
    assert (rows["retriever"]["inputs"], rows["retriever"]["outputs"][0]["node"]["text"]) == ("A.?", "about A.")


def test_a_redaction_that_fails_keeps_nothing_and_is_told_once(tmp_path: Path) -> None:
    def fail(text: str) -> str:
        raise ValueError(text)

    with install(tmp_path / "a.db", capture="full", redact=fail) as recorder:
        with pytest.warns(bs.CacheWarning, match=r"the recorder met ValueError.*the call is as it would be") as told:
            answers = [MockLLM().complete("q").text for _ in range(2)]
        assert [row.details for row in recorder.rows()] == [None, None]
    assert (answers, len(told), recorder.totals().failures) == (["q", "q"], 1, 4)


class Unreadable(dict[str, Any]):
    def get(self, *_: Any) -> Any:
        raise TypeError("no")


def test_an_answer_that_cannot_be_read_is_counted_and_a_row_all_the_same(recorder: Recorder) -> None:
    class Odd(MockLLM):
        @llm_chat_callback()
        def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
            return ChatResponse.model_construct(message=HELLO[0], raw=Unreadable(), additional_kwargs={}, delta=None)

    assert Odd().chat(HELLO).message is HELLO[0]
    assert statuses(recorder) == ["ok"]
    assert recorder.totals().failures == 1


def test_a_sample_holds_whole_traces(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", sample=0.5) as recorder:
        for _ in range(200):
            MockLLM().chat(HELLO)  # and its `complete`
    rows = recorder.rows()
    assert 40 < len(rows) / 2 < 160
    assert {row.run_id for row in rows if row.nested is False} == {row.trace_id for row in rows}


def test_a_sample_of_nothing_records_nothing(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", sample=0) as recorder:
        MockLLM().complete("q")
    assert recorder.rows() == []


def test_installing_again_at_the_same_place_changes_nothing(recorder: Recorder, tmp_path: Path) -> None:
    options: Any = {"prices": {"gpt-*": Price(2.0, 8.0, cached=0.5)}}
    with install(tmp_path / "runs.db", **options) as again:
        MockLLM().complete("q")
    assert again is recorder
    assert len(recorder.rows()) == 1
    with pytest.raises(bs.ConfigurationError, match=r"other options is installed at .*; uninstall it first"):
        install(tmp_path / "runs.db", capture="full")


@pytest.mark.external_service
def test_a_server_has_one_recorder_however_often_its_url_is_given(postgres_url: str) -> None:
    with install(postgres_url) as recorder, install(postgres_url) as again:
        assert again is recorder
        with instrument_tags({"odd": "c\0d\udfff"}):
            MockLLM().complete("q")
    with Catalog.open(postgres_url) as catalog:
        assert [row.tags for row in catalog.runs().rows] == [("odd:cd?",)]


def test_the_end_of_a_block_leaves_what_was_installed_before_it(recorder: Recorder, tmp_path: Path) -> None:
    options: Any = {"prices": {"gpt-*": Price(2.0, 8.0, cached=0.5)}}
    with install(tmp_path / "runs.db", **options):
        MockLLM().complete("in a library")
    MockLLM().complete("q")
    assert len(recorder.rows()) == 2
    assert install(tmp_path / "runs.db", **options) is recorder
    recorder.uninstall()  # however often it was installed
    MockLLM().complete("q")
    assert len(recorder.rows()) == 2


def test_blocks_that_overlap_in_threads_record_until_the_last_one_ends(tmp_path: Path) -> None:
    inside, may_end = Barrier(9), Event()

    def observed() -> Recorder:
        with install(tmp_path / "a.db") as recorder:
            inside.wait(10)
            may_end.wait(10)
        return recorder

    with ThreadPoolExecutor(8) as pool:
        ended = [pool.submit(observed) for _ in range(8)]
        with install(tmp_path / "a.db") as recorder:
            inside.wait(10)
            may_end.set()
            assert {each.result(10) for each in ended} == {recorder}
            MockLLM().complete("q")
        MockLLM().complete("q")
    assert len(recorder.rows()) == 1


def test_recorders_of_two_places_record_beside_each_other(recorder: Recorder, tmp_path: Path) -> None:
    with install(tmp_path / "other.db") as other:
        MockLLM().complete("q")
    MockLLM().complete("q")
    assert (len(recorder.rows()), len(other.rows())) == (2, 1)


def test_a_recorder_that_is_uninstalled_leaves_nothing_behind(tmp_path: Path) -> None:
    root: Any = get_dispatcher("root")
    before = list(root.event_handlers), list(root.span_handlers)
    recorder = install(tmp_path / "a.db")
    recorder.uninstall()
    recorder.uninstall()
    MockLLM().complete("q")
    assert recorder.rows() == []
    assert (root.event_handlers, root.span_handlers) == before


def test_the_end_of_the_dispatcher_ends_what_is_open(recorder: Recorder, tmp_path: Path) -> None:
    MockLLM().stream_complete("abc")
    get_dispatcher("root").shutdown()
    assert [row.status for row in kept(tmp_path / "runs.db")] == ["abandoned"]


def test_the_end_of_the_process_writes_everything(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from llama_index.callbacks.beautyspot import install\n"
        "from llama_index.core.llms import MockLLM\n"
        "install(sys.argv[1])\n"
        "MockLLM().complete('q'), MockLLM().stream_complete('q')\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "a.db")], check=True, timeout=120)
    assert sorted(row.status for row in kept(tmp_path / "a.db")) == ["abandoned", "ok"]


def complete_in_child(_: Recorder) -> None:
    with instrument_tags({"of": "child"}):
        MockLLM().complete("q")


def test_a_forked_child_records_its_own_runs_and_leaves_the_parents(recorder: Recorder, tmp_path: Path) -> None:
    MockLLM().complete("q")
    stream = MockLLM().stream_complete("q")
    child = multiprocessing.get_context("fork").Process(target=complete_in_child, args=(recorder,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert [(row.status, row.tags) for row in kept(tmp_path / "runs.db")] == [("ok", ("of:child",))]
    assert len(list(stream)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on forks beside threads
def test_a_forked_child_installs_though_a_thread_of_its_parent_was_installing(tmp_path: Path) -> None:
    held, go = Event(), Event()

    def install_slowly() -> None:
        with installing._installing:
            held.set()
            go.wait()

    Thread(target=install_slowly).start()
    held.wait()
    child = multiprocessing.get_context("fork").Process(target=install, args=(tmp_path / "child.db",))
    child.start()
    child.join(30)
    go.set()
    child.kill()
    child.join()
    assert child.exitcode == 0


def test_a_database_that_can_not_be_written_costs_no_call(unwritable: bs.Spot) -> None:
    with install(unwritable) as recorder:
        assert MockLLM().complete("q").text == "q"
        assert not recorder.flush()
        assert (len(recorder.rows()), recorder.totals().dropped) == (1, 1)


def test_runs_that_are_lost_at_the_end_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    script = (
        "import sys\n"
        "from llama_index.callbacks.beautyspot import install\n"
        "from llama_index.core.llms import MockLLM\n"
        "with install(sys.argv[1]):\n"
        "    print(MockLLM().complete('q').text)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "file" / "a.db")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout == "q\n"
    assert "observed runs are lost (1), as the database refused them" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capture", "all"),
        ("redact", 7),
        ("sample", 2),
        ("sample", "half"),
        ("sources", ()),
        ("sources", None),
        ("sources", [[]]),
        ("sources", ("otel",)),
        ("prices", 1.25),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(bs.ConfigurationError, match=f"{name} got "):
        install(tmp_path / "a.db", **{name: value})


def test_ingestion_of_documents_is_one_trace_of_its_batches(recorder: Recorder) -> None:
    documents = [Document(text=str(number)) for number in range(5)]
    VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(2, embed_batch_size=2))
    assert [(row.kind, row.status) for row in recorder.rows()] == [("embedding", "ok")] * 3
