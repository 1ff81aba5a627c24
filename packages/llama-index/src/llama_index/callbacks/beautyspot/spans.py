"""The calls that LlamaIndex traces, as a tree."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from llama_index_instrumentation.span import active_span_id

from llama_index.callbacks.beautyspot.late_calls import tie_late_calls
from llama_index.callbacks.beautyspot.listener import Listener
from llama_index.callbacks.beautyspot.open_streams import OpenStreams
from llama_index.callbacks.beautyspot.span import LEAVES, Span
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.instrumentation.events.embedding import EmbeddingStartEvent, SparseEmbeddingStartEvent
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent, LLMCompletionStartEvent
from llama_index.core.instrumentation.events.query import QueryStartEvent
from llama_index.core.instrumentation.events.retrieval import RetrievalStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.tools import BaseTool
from llama_index.core.workflow import Workflow

MAX_SPANS = 20_000
"""Spans that are known; some never end, and of more the oldest is forgotten."""
KEPT_SPANS = 256
"""Ended spans that are still known: a thread that a call began may call further when the call has returned."""
_EMBEDS = "embeds"
_EMBEDDINGS = ("text_embedding", "query_embedding", "text_embedding_batch")
_KINDS: tuple[tuple[type, str, frozenset[str]], ...] = (
    (BaseTool, "tool", frozenset(("__call__", "call", "acall"))),
    (BaseNodePostprocessor, "rerank", frozenset(("_postprocess_nodes", "_apostprocess_nodes"))),
    (BaseChatEngine, "query", frozenset(("chat", "achat", "stream_chat", "astream_chat"))),
    (Workflow, "chain", frozenset(("run",))),
    (BaseEmbedding, _EMBEDS, frozenset(f"{a}get_{what}" for a in ("", "a") for what in _EMBEDDINGS)),
)
"""Whose calls are runs although no event tells of them; and whose texts only their arguments tell."""
_STARTS: dict[type, str] = {
    LLMChatStartEvent: "llm",
    LLMCompletionStartEvent: "llm",
    EmbeddingStartEvent: "embedding",
    SparseEmbeddingStartEvent: "embedding",
    RetrievalStartEvent: "retriever",
    QueryStartEvent: "query",
}
"""Events with which runs begin. An embedding of many texts has one for each batch, in a single span."""
_UNKNOWN = object()


class Spans:
    """The open spans of this process, and who is told of them."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self._spans: dict[str, Span] = {}
        self._ended: deque[str] = deque()
        self._kinds: dict[tuple[type, str], Any] = {}
        self._heard: dict[type[Any], tuple[Callable[[Any], None], ...]] = {}
        self._streams = OpenStreams()
        self._listeners: tuple[Listener, ...] = ()

    def tell(self, listener: Listener, /) -> None:
        """Tell `listener` of everything from now on."""
        if listener not in self._listeners:
            self._listeners = (*self._listeners, listener)
            self._heard.clear()

    def forget(self, listener: Listener, /) -> bool:
        """Tell `listener` nothing more, and say whether anybody else is told."""
        self._listeners = tuple(each for each in self._listeners if each is not listener)
        self._heard.clear()
        if not self._listeners:
            self._spans.clear()
            self._streams.clear()
        return bool(self._listeners)

    def get(self, span_id: str | None, /) -> Span | None:
        """Return the span of that id, if it is open or ended lately."""
        return None if span_id is None else self._spans.get(span_id)

    def current(self) -> Span | None:
        """Return the span of the call that runs now."""
        return self.get(active_span_id.get())

    def on_event(self, event: Any, **_: Any) -> None:
        """Tell of an event."""
        # For each token of a stream: found by the class, so that those whom it is nothing to are not asked.
        heard = self._heard.get(event.__class__)
        if heard is None:
            heard = self._heard[event.__class__] = self._hearing(event.__class__)
        for hear in heard:
            hear(event)

    def enter(
        self, id_: str, bound_args: Any, instance: Any = None, parent_id: str | None = None, tags: Any = None, **_: Any
    ) -> None:
        """Begin a span."""
        spans = self._spans
        parent = self._streams.above(None if parent_id is None else spans.get(parent_id))
        span = spans[id_] = Span(id_, 0 if instance is None else id(instance), parent)
        if len(spans) > MAX_SPANS:
            spans.pop(next(iter(spans)), None)
        kind = self._kind(instance, span.name, parent)
        if kind is _EMBEDS:
            span.batches, kind = _batches(instance, bound_args), None
        span.kind = kind
        # A tool's `acall` calls its `call`, and a reranker its own sync twin: that is one run.
        if kind is not None and not (parent is not None and parent.kind == kind and parent.owner == span.owner != 0):
            span.run_id, span.is_run_itself = span.uuid, True
            for listener in self._listeners:
                listener.on_enter(span, instance, bound_args, tags)

    def exit(self, id_: str, result: Any = None, **_: Any) -> None:
        """End a span."""
        span = self._ending(id_)
        if span is None:
            return
        if span.is_run_itself:
            for listener in self._listeners:
                listener.on_exit(span, result)
        elif span.kind == "query":
            tie_late_calls(result, id_)
        elif span.kind == "llm":
            self._streams.add(result, span)

    def drop(self, id_: str, err: BaseException | None = None, **_: Any) -> None:
        """End a span that failed."""
        span = self._ending(id_)
        if span is not None:
            for listener in self._listeners:
                listener.on_drop(span, err)

    def close(self) -> None:
        """Tell that the dispatcher ends."""
        for listener in self._listeners:
            listener.on_close()

    def _hearing(self, class_: type[Any]) -> tuple[Callable[[Any], None], ...]:
        """Return what takes events of a class."""
        kind = next((kind for start, kind in _STARTS.items() if issubclass(class_, start)), None)
        if kind is not None:
            return (partial(self._start, kind),)
        return tuple(hear for listener in self._listeners if (hear := listener.hears(class_)) is not None)

    def _start(self, kind: str, event: Any) -> None:
        span, run_id = self.get(event.span_id), event.id_
        if span is not None:
            if span.kind is None:
                span.kind, span.run_id = kind, span.uuid
                run_id = span.uuid
            if kind == "llm":
                span.mark_wrappers()
        for listener in self._listeners:
            listener.on_start(event, kind, span, run_id)

    def _ending(self, span_id: str) -> Span | None:
        span = self._spans.get(span_id)
        if span is not None and span.kind in LEAVES:
            del self._spans[span_id]
            return span
        self._ended.append(span_id)
        if len(self._ended) > KEPT_SPANS:
            self._spans.pop(self._ended.popleft(), None)
        return span

    def _kind(self, instance: Any, name: str, parent: Span | None) -> str | None:
        if instance is None:
            return "step" if parent is not None and parent.kind == "chain" else None
        known = (instance.__class__, name)
        kind = self._kinds.get(known, _UNKNOWN)
        if kind is _UNKNOWN:
            method = name.rpartition(".")[2]
            kind = next(
                (kind for type_, kind, names in _KINDS if isinstance(instance, type_) and method in names), None
            )
            self._kinds[known] = kind
        return kind


def _batches(model: Any, bound_args: Any) -> Iterator[Sequence[Any]]:
    told: dict[str, Any] = bound_args.arguments
    texts = told["texts"] if "texts" in told else [*told.values()][:1]
    for start in range(0, len(texts), model.embed_batch_size):
        yield texts[start : start + model.embed_batch_size]


SPANS = Spans()
