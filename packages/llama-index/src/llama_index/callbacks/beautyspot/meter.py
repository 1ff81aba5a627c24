"""What calls come to in tokens: estimated when they begin, settled with the limiter when they have ended."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from llama_index.callbacks.beautyspot.listener import Quiet
from llama_index.callbacks.beautyspot.recorder.usage import usage_of
from llama_index.callbacks.beautyspot.span import LEAVES, Span
from llama_index.callbacks.beautyspot.spans import SPANS
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMCompletionEndEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        self._acts: dict[type[Any], Callable[[Any], None]] = {
            LLMChatEndEvent: self._settle_answer,
            LLMCompletionEndEvent: self._settle_answer,
            EmbeddingEndEvent: self._settle_vectors,
            ExceptionEvent: self._forget,
        }

    def on_start(self, event: Any, kind: str, span: Span | None, _: str, /) -> None:
        """Note how long a prompt is; the texts of an embedding are told at its end."""
        if kind == "llm" and span is not None and self.limiters:
            with suppress(Exception):  # an odd message has no estimate, and those who listen after us hear of it
                span.tokens = estimate(event)

    def hears(self, event: type[Any], /) -> Callable[[Any], None] | None:
        """Hear of ends."""
        return self._acts.get(event)

    def on_drop(self, span: Span, _: BaseException | None, /) -> None:
        """Give back what a failed call took; one whose stream broke off keeps its estimate."""
        for limiter, reservation, _estimate in self._owed.pop(span.span_id, ()):
            limiter.settle(reservation, 0)

    def note(self, limiter: BeautySpotRateLimiter, reservation: CallReservation, tokens: int, /) -> None:
        """Note how long the call that runs now has waited, and what it took."""
        span = SPANS.current()
        if span is None or span.kind not in LEAVES:
            return  # somebody asked for themselves
        span.waited_s += reservation
        span.let_go_by = limiter
        if not limiter.counts_tokens:
            return
        if len(self._owed) >= MAX_OWED:
            self._owed.pop(next(iter(self._owed)), None)
        self._owed.setdefault(span.span_id, []).append((limiter, reservation, tokens))

    def hand_down(self, limiter: BeautySpotRateLimiter, span: Span, /) -> bool:
        """Let the call of `span` go in the place that a call of another model holds for it, and settle it there.

        Each place serves one call: a wrapper that asks twice, as a fallback may, takes two.
        """
        above = span.below if span.kind in LEAVES else None
        while above is not None and above.let_go_by is not limiter:
            above = above.below
        if above is None:
            return False
        above.let_go_by, span.let_go_by = None, limiter
        owed = self._next(above.span_id)
        if owed is not None:
            self._owed[span.span_id] = [owed]
        return True

    def _settle_answer(self, event: Any) -> None:
        owed = self._next(event.span_id)
        if owed is None:
            return
        limiter, reservation, tokens = owed
        used = usage_of(event.response).total_tokens if event.response is not None else None
        limiter.settle(reservation, tokens + _tokens_in(event.response) if used is None else used)

    def _settle_vectors(self, event: Any) -> None:
        owed = self._next(event.span_id)
        if owed is not None:
            owed[0].settle(owed[1], estimate_texts(event.chunks))

    def _forget(self, event: Any) -> None:
        """Leave the estimate of a stream that broke off: what the provider took is not told."""
        self._owed.pop(event.span_id, None)

    def _next(self, span_id: str | None) -> tuple[BeautySpotRateLimiter, CallReservation, int] | None:
        owed = None if span_id is None else self._owed.get(span_id)
        if not owed:
            return None
        first = owed.pop(0)
        if not owed:
            self._owed.pop(str(span_id), None)
        return first


def estimate(event: Any, /) -> int:
    """Return about how many tokens the prompt of a call has, from the event of its beginning."""
    messages = getattr(event, "messages", None)
    tools = event.additional_kwargs.get("tools")
    told = _tokens(event.prompt) if messages is None else sum(_tokens(each.content) for each in messages)
    return told + TOKENS_A_MESSAGE * len(messages or ()) + (_tokens(repr(tools)) if tools else 0)


def estimate_texts(texts: Iterable[Any], /) -> int:
    """Return about how many tokens the texts of an embedding have."""
    return sum(_tokens(text) for text in texts if isinstance(text, str))


def _tokens_in(response: Any) -> int:
    message = getattr(response, "message", None)
    return _tokens(getattr(response, "text", None) if message is None else message.content)


def _tokens(text: str | None) -> int:
    return -(-len(text) // CHARACTERS_A_TOKEN) if text else 0


METER = Meter()
