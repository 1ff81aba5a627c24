"""What observers learn of vectors that were kept: an event pair for a batch of them, and a tag on every other."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import active_instrument_tags, instrument_tags

from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation.events.embedding import (
    EmbeddingEndEvent,
    EmbeddingStartEvent,
    SparseEmbeddingEndEvent,
    SparseEmbeddingStartEvent,
)

CACHE_HIT = "cache_hit"
dispatcher = get_dispatcher(__name__)
_marks: ContextVar[dict[str, Any] | None] = ContextVar("beautyspot_llama_index_marks", default=None)


@contextmanager
def marking() -> Generator[None]:
    """Have the events of this block carry what `mark` says in it, beside the user's tags."""
    marks = {**active_instrument_tags.get()}
    token = _marks.set(marks)
    try:
        with instrument_tags(marks):
            yield
    finally:
        _marks.reset(token)


def mark(*, cache_hit: bool) -> None:
    """Tag the events to come of the call that runs now."""
    marks = _marks.get()
    if marks is not None:
        marks[CACHE_HIT] = cache_hit


def tell_of_hits(model: Any, texts: list[str], vectors: Sequence[Any]) -> None:
    """Emit what a batch emits, once for all texts whose vectors were kept."""
    payload = model.to_payload() if hasattr(model, "to_payload") else {"class_name": model.class_name()}
    with instrument_tags({**active_instrument_tags.get(), CACHE_HIT: True}):
        if isinstance(model, BaseSparseEmbedding):
            dispatcher.event(SparseEmbeddingStartEvent(model_dict=payload))
            dispatcher.event(SparseEmbeddingEndEvent.model_construct(chunks=texts, embeddings=list(vectors)))
            return
        dispatcher.event(EmbeddingStartEvent(model_dict=payload))
        with model.callback_manager.event(CBEventType.EMBEDDING, payload={EventPayload.SERIALIZED: payload}) as event:
            event.on_end(payload={EventPayload.CHUNKS: texts, EventPayload.EMBEDDINGS: vectors})
        # Not validated: a look at each of a million numbers would take longer than reading them.
        dispatcher.event(EmbeddingEndEvent.model_construct(chunks=texts, embeddings=list(vectors)))
