"""From LlamaIndex's spans and events to runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

from beautyspot.recording import clean
from llama_index_instrumentation.dispatcher import active_instrument_tags

from llama_index.callbacks.beautyspot.recorder.open_run import OpenRun
from llama_index.callbacks.beautyspot.recorder.runs import MAX_OPEN, Runs
from llama_index.callbacks.beautyspot.recorder.usage import model_named, says_something
from llama_index.callbacks.beautyspot.span import Span
from llama_index.callbacks.beautyspot.spans import SPANS
from llama_index.core.chat_engine.types import StreamingAgentChatResponse
from llama_index.core.instrumentation.events.chat_engine import StreamChatEndEvent, StreamChatErrorEvent
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, SparseEmbeddingEndEvent
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
)
from llama_index.core.instrumentation.events.query import QueryEndEvent
from llama_index.core.instrumentation.events.rerank import ReRankStartEvent
from llama_index.core.instrumentation.events.retrieval import RetrievalEndEvent
from llama_index.core.tools import ToolOutput

_MODELS = ("embedding", "llm")
"""Kinds of runs whose beginning names a model."""
_STEP_SUMMARIES = ("llamaindex.step.input_summary", "llamaindex.start_event")
"""Tags of workflows that quote what the user said."""


def _guarded(act: Callable[[Observer, Any], None]) -> Callable[[Observer, Any], None]:
    """Count what goes wrong in `act`: the dispatcher would swallow it, and nobody would know."""

    def guarded(self: Observer, event: Any) -> None:
        try:
            act(self, event)
        except Exception as error:  # noqa: BLE001 - whatever a provider's result may hold
            self.runs.fail(error)

    return guarded


class Observer:
    """Listens to the spans, and begins and ends runs."""

    def __init__(self, runs: Runs, sample: float) -> None:
        """Tell `runs` of the share `sample` of all traces, from 0 to 1."""
        self.runs = runs
        self._sampled = None if sample == 1 else int(sample * 2**32)
        self._of_span: dict[str | None, list[OpenRun]] = {}
        self._acts: dict[type[Any], Callable[[Any], None]] = {
            LLMChatInProgressEvent: self._progress,
            LLMCompletionInProgressEvent: self._progress,
            LLMChatEndEvent: self._end_model,
            LLMCompletionEndEvent: self._end_model,
            EmbeddingEndEvent: self._end_embedding,
            SparseEmbeddingEndEvent: self._end_embedding,
            RetrievalEndEvent: self._end_retrieval,
            QueryEndEvent: self._end_query,
            ReRankStartEvent: self._name_reranker,
            ExceptionEvent: self._end_broken,
            StreamChatEndEvent: self._end_chat,
            StreamChatErrorEvent: self._end_chat,
        }

    def on_start(self, event: Any, kind: str, span: Span | None, run_id: str, /) -> None:
        """Begin a run of a model, a retriever or a query engine."""
        try:
            if span is None:
                run = OpenRun(run_id, kind, kind, run_id, None)
            else:
                above = span.above if span.kind == kind else span.run_id or span.above
                run = OpenRun(run_id, kind, span.name, span.trace_id, above)
                run.span, run.is_nested = span, span.is_nested
            if self._sampled is None or self._is_sampled(run.trace_id):
                run.model = model_named(event.model_dict) if kind in _MODELS else None
                run.tags = event.tags or None
                self._begin(event.span_id, run, None if self.runs.capture is None else _inputs(event))
        except Exception as error:  # noqa: BLE001 - as in `_guarded`
            self.runs.fail(error)

    def hears(self, event: type[Any], /) -> Callable[[Any], None] | None:
        """Hear of tokens, ends and failures."""
        return self._acts.get(event) or (_note_cancelled if event.__name__ == "SpanCancelledEvent" else None)

    def on_enter(self, span: Span, instance: Any, arguments: Any, tags: dict[str, Any] | None, /) -> None:
        """Begin a run of a tool, a reranker, a chat engine, a workflow or a step."""
        if not self._is_sampled(span.trace_id):
            return
        kind = str(span.kind)
        try:
            run = OpenRun(span.uuid, kind, _name(span, instance), span.trace_id, span.above)
            run.tags = tags or active_instrument_tags.get() or None  # a workflow's run comes without the user's
            inputs = None if self.runs.capture is None else _arguments(kind, arguments, tags or {})
            self._begin(span.span_id, run, inputs)
        except Exception as error:  # noqa: BLE001 - as in `_guarded`
            self.runs.fail(error)

    def on_exit(self, span: Span, result: Any, /) -> None:
        """End what no event ends."""
        run = self.runs.find(span.run_id)
        self._of_span.pop(span.span_id, None)
        if run is None or isinstance(result, StreamingAgentChatResponse):
            return
        try:
            if isinstance(result, ToolOutput) and result.is_error:
                self.runs.end(run, "error", outputs=result, error=_error_of(result))
            else:
                self.runs.end(run, "cancelled" if span.cancelled else "ok", outputs=result)
        except Exception as error:  # noqa: BLE001 - as in `_guarded`
            self.runs.fail(error)

    def on_drop(self, span: Span, error: BaseException | None, /) -> None:
        """End what failed."""
        for run in self._of_span.pop(span.span_id, ()):
            self.runs.end_failed(run, error)

    def on_close(self) -> None:
        """End everything."""
        self._of_span.clear()
        self.runs.end_all()

    def _begin(self, span_id: str | None, run: OpenRun, inputs: Any) -> None:
        self.runs.begin(run, inputs)
        if span_id in self._of_span:
            self._of_span[span_id].append(run)
        else:
            self._of_span[span_id] = [run]
            if len(self._of_span) > MAX_OPEN:  # streams that nobody reads
                self._of_span.pop(next(iter(self._of_span)), None)

    def _progress(self, event: Any) -> None:
        runs = self._of_span.get(event.span_id)
        if runs and runs[0].first_token_s is None:
            self._time_first_token(event)

    @_guarded
    def _time_first_token(self, event: Any) -> None:
        if says_something(event.response):
            self.runs.first_token(self._of_span[event.span_id][0])

    @_guarded
    def _end_model(self, event: Any) -> None:
        run = self._next(event.span_id)
        if run is not None:
            self.runs.end(run, response=event.response, tags=event.tags)

    @_guarded
    def _end_embedding(self, event: Any) -> None:
        self._end_next(event, event.chunks)  # what went in; vectors say nothing to a reader

    @_guarded
    def _end_retrieval(self, event: Any) -> None:
        self._end_next(event, event.nodes)

    @_guarded
    def _end_query(self, event: Any) -> None:
        self._end_next(event, event.response)

    def _end_next(self, event: Any, outputs: Any) -> None:
        run = self._next(event.span_id)
        if run is not None:
            self.runs.end(run, outputs=outputs, tags=event.tags)

    @_guarded
    def _end_broken(self, event: Any) -> None:
        run = self._next(event.span_id)
        if run is not None:
            self.runs.end_failed(run, event.exception)

    @_guarded
    def _end_chat(self, event: Any) -> None:
        """End the run of a chat engine that streams: below its span is the one that writes what was said."""
        span = SPANS.get(event.span_id)
        run = None if span is None else self.runs.find(span.above)
        if run is not None and run.kind == "query":
            error = getattr(event, "exception", None)
            if error is None:
                self.runs.end(run)
            else:
                self.runs.end_failed(run, error)

    @_guarded
    def _name_reranker(self, event: Any) -> None:
        for run in self._of_span.get(event.span_id, ()):
            run.model = event.model_name
            run.tags = {**(run.tags or {}), **event.tags} or None  # also whether a cache had the ranking

    def _next(self, span_id: str | None) -> OpenRun | None:
        """Return the run that began first in a span: batches end in the order of their beginnings."""
        runs = self._of_span.get(span_id)
        if not runs:
            return None
        run = runs.pop(0)
        if not runs:
            del self._of_span[span_id]
        return run

    def _is_sampled(self, trace_id: str) -> bool:
        return self._sampled is None or crc32(trace_id.encode()) < self._sampled


def _note_cancelled(event: Any) -> None:
    span = SPANS.get(event.span_id)
    if span is not None:
        span.cancelled = True


def _name(span: Span, instance: Any) -> str:
    """Return a tool's own name, else that of the span."""
    return clean(instance.metadata.get_name()) if span.kind == "tool" else span.name


def _inputs(event: Any) -> Any:
    names = ("messages", "prompt", "str_or_query_bundle", "query")
    return next((getattr(event, name) for name in names if hasattr(event, name)), None)


def _arguments(kind: str, arguments: Any, tags: dict[str, Any]) -> Any:
    if kind in ("step", "chain"):
        return next((tags[name] for name in _STEP_SUMMARIES if name in tags), None)
    return dict(arguments.arguments)


def _error_of(output: ToolOutput) -> BaseException:
    return output.exception if isinstance(output.exception, BaseException) else RuntimeError(output.content)
