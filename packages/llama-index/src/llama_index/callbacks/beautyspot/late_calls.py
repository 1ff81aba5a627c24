"""Calls that a query engine makes only when its answer is read: they belong below the query all the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from llama_index_instrumentation.span import active_span_id

from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse

_END = object()


def tie_late_calls(answer: Any, span_id: str, /) -> None:
    """Have the calls that reading the streamed `answer` begins find the span of its query, which has ended."""
    tokens: Any = getattr(answer, "response_gen", None)
    if isinstance(answer, StreamingResponse) and isinstance(tokens, Iterator):
        answer.response_gen = _read(tokens, span_id)
    elif isinstance(answer, AsyncStreamingResponse) and isinstance(tokens, AsyncIterator):
        answer.response_gen = _read_async(tokens, span_id)


def _read(tokens: Any, span_id: str) -> Generator[Any]:
    # The calls begin with the first token; to ask for the others in the same way would cost each of them its time.
    with _within(span_id):
        first = next(tokens, _END)
    try:
        if first is not _END:
            yield first
            yield from tokens
    finally:
        if hasattr(tokens, "close"):
            tokens.close()


async def _read_async(tokens: Any, span_id: str) -> AsyncGenerator[Any]:
    with _within(span_id):
        first = await anext(tokens, _END)
    try:
        if first is not _END:
            yield first
            async for token in tokens:
                yield token
    finally:
        if hasattr(tokens, "aclose"):
            await tokens.aclose()


@contextmanager
def _within(span_id: str) -> Generator[None]:
    token = active_span_id.set(span_id)
    try:
        yield
    finally:
        active_span_id.reset(token)
