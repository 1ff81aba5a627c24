"""Which of the calls that LlamaIndex traces are parts of others, and which of them count."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.catalog import Catalog
from llama_index.callbacks.beautyspot import (
    BeautySpotCallbackHandler,
    Recorder,
    cache_llm,
    cache_postprocessor,
    install,
)
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.callbacks import CallbackManager
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.events.retrieval import RetrievalEndEvent, RetrievalStartEvent
from llama_index.core.llms import LLM, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool

HELLO = [ChatMessage("hello")]
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def said(text: str) -> ChatResponse:
    return ChatResponse(message=ChatMessage(text, role="assistant"), delta=text, raw={"usage": USAGE, "model": "gpt-9"})


class Told(MockLLM):
    """Says how many tokens it took."""

    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        return said("yes")

    @llm_chat_callback()
    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        return iter([])

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        return (CompletionResponse(text=text, delta=text, raw={"usage": USAGE}) for text in "ab")


class Broken(Told):
    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        raise ConnectionError("away")


class Router(CustomLLM):
    """Asks the first model, and the second where that fails; its streams say everything in words of their own."""

    first: LLM
    second: LLM = Told()

    @property
    def metadata(self) -> LLMMetadata:
        return self.first.metadata

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=f"no model for {prompt}")

    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        try:
            return self.first.chat(messages)
        except ConnectionError:
            return self.second.chat(messages)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        def chunks() -> Iterator[CompletionResponse]:
            for chunk in self.first.stream_complete(prompt):
                yield CompletionResponse(text=chunk.text, delta=chunk.delta, raw=chunk.raw)

        return chunks()

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        async def chunks() -> AsyncIterator[CompletionResponse]:
            await asyncio.sleep(0)
            async for chunk in await self.first.astream_complete(prompt):
                yield CompletionResponse(text=chunk.text, delta=chunk.delta, raw=chunk.raw)

        return chunks()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with install(tmp_path / "runs.db") as recorder:
        yield recorder


def counted(recorder: Recorder) -> list[str]:
    """Name what is in sums, in the order of the ends."""
    return [row.name for row in recorder.rows() if not row.nested]


def test_of_a_model_that_asks_another_the_one_that_was_asked_counts(recorder: Recorder, tmp_path: Path) -> None:
    Router(first=Told()).chat(HELLO)
    inner, outer = recorder.rows()
    assert (inner.nested, outer.nested, inner.parent_id) == (False, True, outer.run_id)
    assert (recorder.totals().calls, recorder.totals().spent_tokens) == (1, 110)
    recorder.flush()
    with Catalog.open(tmp_path / "runs.db") as catalog:
        assert [(model.runs, model.input_tokens) for model in catalog.models()] == [(1, 100)]


def test_a_fallback_counts_each_call_that_it_made(recorder: Recorder) -> None:
    Router(first=Broken()).chat(HELLO)
    assert counted(recorder) == ["Broken.chat", "Told.chat"]
    totals = recorder.totals()
    assert (totals.calls, totals.errors, totals.spent_tokens) == (2, 1, 110)


async def test_a_model_counts_once_however_many_stand_around_it(recorder: Recorder) -> None:
    await Router(first=Router(first=Told())).achat(HELLO)
    assert counted(recorder) == ["Told.chat"]
    assert len(recorder.rows()) == 4


class Hedging(CustomLLM):
    """Asks in a thread of its own, in the context of whoever asks it."""

    inner: LLM

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, self.inner.complete, prompt).result()

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError


def test_a_wrapper_that_takes_its_context_into_a_thread_counts_by_what_it_asked(recorder: Recorder) -> None:
    assert Hedging(inner=Told()).complete("q").text == "q"
    assert counted(recorder) == ["Told.complete"]
    assert recorder.totals().calls == 1


def test_a_wrapper_that_asks_nobody_counts_itself(recorder: Recorder) -> None:
    assert Router(first=Told()).complete("q").text == "no model for q"
    assert counted(recorder) == ["Router.complete"]


def test_a_model_that_a_tool_of_another_asks_counts_alone(recorder: Recorder) -> None:
    class Using(MockLLM):
        @llm_chat_callback()
        def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
            return FunctionTool.from_defaults(lambda: Told().chat(messages), name="ask").call().raw_output

    Using().chat(HELLO)
    assert counted(recorder) == ["Told.chat", "ask"]


def test_the_hits_of_a_model_within_a_model_are_saved_and_not_spent(recorder: Recorder, tmp_path: Path) -> None:
    model = Router(first=cache_llm(Told(), tmp_path / "answers.db", model_id="told"))
    model.chat(HELLO), model.chat(HELLO)
    totals = recorder.totals()
    assert (totals.calls, totals.hits, totals.spent_tokens, totals.saved_tokens) == (2, 1, 110, 110)


def test_the_hit_of_a_cached_wrapper_counts(recorder: Recorder, tmp_path: Path) -> None:
    model = cache_llm(Router(first=Told()), tmp_path / "answers.db", model_id="router")
    model.chat(HELLO), model.chat(HELLO)
    totals = recorder.totals()
    assert (totals.calls, totals.hits, totals.spent_tokens, totals.saved_tokens) == (2, 1, 110, 110)


def test_of_streams_within_streams_the_innermost_counts(recorder: Recorder) -> None:
    list(Router(first=Router(first=Told())).stream_complete("q"))
    assert counted(recorder) == ["Told.stream_complete"]
    inner, middle, outer = recorder.rows()
    assert (inner.parent_id, middle.parent_id) == (middle.run_id, outer.run_id)
    assert {row.trace_id for row in (inner, middle)} == {outer.run_id}
    assert recorder.totals().spent_tokens == 110


async def test_of_async_streams_within_streams_the_innermost_counts(recorder: Recorder) -> None:
    model = Router(first=Told())
    streams = [await model.astream_complete("q") for _ in range(3)]
    for stream in streams:
        assert [chunk.text async for chunk in stream] == ["a", "b"]
    assert counted(recorder) == ["Told.astream_complete"] * 3
    assert recorder.totals().spent_tokens == 330


def test_a_wrapper_s_stream_that_is_closed_early_counts_by_what_it_asked(recorder: Recorder) -> None:
    with closing(Router(first=Told()).stream_complete("q")) as stream:
        next(stream)
    assert counted(recorder) == ["Told.stream_complete"]


def test_streams_of_one_prompt_that_are_read_side_by_side_all_count(recorder: Recorder) -> None:
    models = Told(), Told()
    for _ in zip(*(model.stream_complete("q") for model in models), strict=True):
        Told().chat(HELLO)
    assert recorder.totals().calls == 4
    assert {row.parent_id for row in recorder.rows()} == {None}


def test_a_call_of_another_thread_is_no_part_of_the_stream_that_is_read_meanwhile(recorder: Recorder) -> None:
    begun, called = Event(), Event()

    class Slow(MockLLM):
        @llm_completion_callback()
        def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            def chunks() -> Iterator[CompletionResponse]:
                begun.set()
                yield CompletionResponse(text=str(called.wait(30)), delta="")

            return chunks()

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(list, Slow().stream_complete("q"))
        assert begun.wait(30)
        Told().chat(HELLO)
        called.set()
    assert [chunk.text for chunk in reading.result()] == ["True"]
    assert counted(recorder) == ["Told.chat", "Slow.stream_complete"]


def test_callbacks_count_as_instrumentation_does(tmp_path: Path) -> None:
    handler = BeautySpotCallbackHandler(tmp_path / "runs.db")
    manager = CallbackManager([handler])
    model = Router(first=Told(callback_manager=manager), callback_manager=manager)
    model.chat(HELLO), list(model.stream_complete("q"))
    assert [row.nested for row in handler.rows()] == [False, True, False, True]
    assert handler.totals().spent_tokens == 220


class Searching(BaseNodePostprocessor):
    """Looks for more before it ranks, and has no async method of its own."""

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: Any = None) -> list[NodeWithScore]:
        get_dispatcher().event(RetrievalStartEvent(str_or_query_bundle="more"))
        get_dispatcher().event(RetrievalEndEvent(str_or_query_bundle="more", nodes=[]))
        return nodes[::-1]


async def test_a_ranking_that_a_cache_has_a_sync_method_make_is_one_row(recorder: Recorder, spot: Spot) -> None:
    ranker = cache_postprocessor(Searching(), spot)
    await ranker.apostprocess_nodes([NodeWithScore(node=TextNode(text="a"))], query_str="q")
    search, rank = recorder.rows()
    assert (search.kind, rank.kind, rank.parent_id) == ("retriever", "rerank", None)
    assert search.parent_id == rank.run_id
