"""What calls come to in tokens: estimated when they begin, settled with the limiter when they have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from llama_index.callbacks.beautyspot.recorder.usage import usage_of
from llama_index.callbacks.beautyspot.spans import SPANS, Quiet, Span
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent

if TYPE_CHECKING:
    from beautyspot.limiters.budget import CallReservation

    from llama_index.callbacks.beautyspot.limiter import BeautySpotRateLimiter

MAX_OWED = 10_000
"""Calls under way that are remembered; of more, the oldest keeps its estimate."""
CHARACTERS_A_TOKEN = 4
TOKENS_A_MESSAGE = 4
"""What providers add to each."""


class Meter(Quiet):
    """Listens to calls, for the limiters that count tokens."""

    def __init__(self) -> None:
        """Start with no call under way."""
        self.limiters: WeakSet[BeautySpotRateLimiter] = WeakSet()
        self._owed: dict[str, list[tuple[BeautySpotRateLimiter, CallReservation, int]]] = {}
        self._acts: dict[type, Any] = {
            LLMChatEndEvent: self._settle_answer,
            LLMCompletionEndEvent: self._settle_answer,
            EmbeddingEndEvent: self._settle_vectors,
        }

    def on_start(self, event: Any, kind: str, span: Span | None, _: str, /) -> None:
        """Note how long a prompt is; the texts of an embedding are told at its end."""
        if kind == "llm" and span is not None and self.limiters:
            span.tokens = estimate(event)

    def on_event(self, event: Any, /) -> None:
        """Settle what a call came to."""
        act = self._acts.get(event.__class__)
        if act is not None and event.span_id in self._owed:
            act(event)

    def on_drop(self, span: Span, _: BaseException | None, /) -> None:
        """Give back what a failed call took; one whose stream broke off keeps its estimate."""
        for limiter, reservation, _estimate in self._owed.pop(span.span_id, ()):
            limiter.settle(reservation, 0)

    def note(self, limiter: BeautySpotRateLimiter, reservation: CallReservation, tokens: int, /) -> None:
        """Note how long the call that runs now has waited, and what it took."""
        span = SPANS.current()
        if span is None:
            return
        span.waited_s += reservation
        if not limiter.counts_tokens:
            return
        if len(self._owed) >= MAX_OWED:
            self._owed.pop(next(iter(self._owed)), None)
        self._owed.setdefault(span.span_id, []).append((limiter, reservation, tokens))

    def _settle_answer(self, event: Any) -> None:
        limiter, reservation, tokens = self._next(event.span_id)
        used = usage_of(event.response).total_tokens if event.response is not None else None
        limiter.settle(reservation, tokens + _tokens_in(event.response) if used is None else used)

    def _settle_vectors(self, event: Any) -> None:
        limiter, reservation, _ = self._next(event.span_id)
        limiter.settle(reservation, sum(_tokens(text) for text in event.chunks))

    def _next(self, span_id: str) -> tuple[BeautySpotRateLimiter, CallReservation, int]:
        owed = self._owed[span_id]
        first = owed.pop(0)
        if not owed:
            del self._owed[span_id]
        return first


def estimate(event: Any, /) -> int:
    """Return about how many tokens the prompt of a call has, from the event of its beginning."""
    messages = getattr(event, "messages", None)
    tools = event.additional_kwargs.get("tools")
    told = _tokens(event.prompt) if messages is None else sum(_tokens(each.content) for each in messages)
    return told + TOKENS_A_MESSAGE * len(messages or ()) + (_tokens(repr(tools)) if tools else 0)


def _tokens_in(response: Any) -> int:
    message = getattr(response, "message", None)
    return _tokens(getattr(response, "text", None) if message is None else message.content)


def _tokens(text: str | None) -> int:
    return -(-len(text) // CHARACTERS_A_TOKEN) if text else 0


METER = Meter()
