"""One pair of handlers at the root of LlamaIndex's dispatchers, whoever of this package listens."""

from __future__ import annotations

from typing import Any

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span_handlers import BaseSpanHandler

from llama_index.callbacks.beautyspot.listener import Listener
from llama_index.callbacks.beautyspot.span import ORIGIN
from llama_index.callbacks.beautyspot.spans import SPANS

NAME = "beautyspot"
"""Under which a workflow in another process is told where it came from."""


class _Events(BaseEventHandler):
    """Hears the events."""

    # Each layer between would take its time for every token. They are called with keywords alone.
    handle = staticmethod(SPANS.on_event)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - so

    @classmethod
    def class_name(cls) -> str:
        return "BeautySpotEvents"


class _Spans(BaseSpanHandler[Any]):
    """Hears the spans; those of the base keep every span under a lock."""

    span_enter = staticmethod(SPANS.enter)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above
    span_exit = staticmethod(SPANS.exit)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above
    span_drop = staticmethod(SPANS.drop)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above
    close = staticmethod(SPANS.close)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as above

    @classmethod
    def class_name(cls) -> str:
        return "BeautySpotSpans"

    def new_span(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""

    def prepare_to_exit_span(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""

    def prepare_to_drop_span(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""

    def capture_propagation_context(self) -> dict[str, Any]:
        """Say, as JSON takes it, below which run a workflow in another process begins."""
        span = SPANS.current()
        if span is None or (run_id := span.run_id or span.above) is None:
            return {}
        return {NAME: [run_id, span.trace_id]}

    def restore_propagation_context(self, context: dict[str, Any]) -> None:
        """Begin below the run that `context` names."""
        told = context.get(NAME)
        if told is not None:
            ORIGIN.set((str(told[0]), str(told[1])))


_EVENTS, _SPANS = _Events(), _Spans()


def attach(listener: Listener, /) -> None:
    """Tell `listener` of everything from now on, also where somebody has cleared the dispatcher's handlers."""
    SPANS.tell(listener)
    root: Any = get_dispatcher("root")
    if not any(each is _EVENTS for each in root.event_handlers):
        root.event_handlers = [*root.event_handlers, _EVENTS]
    if not any(each is _SPANS for each in root.span_handlers):
        root.span_handlers = [*root.span_handlers, _SPANS]


def detach(listener: Listener, /) -> None:
    """Tell `listener` nothing more, and leave the dispatcher once nobody listens."""
    if not SPANS.forget(listener):
        root: Any = get_dispatcher("root")
        root.event_handlers = [each for each in root.event_handlers if each is not _EVENTS]
        root.span_handlers = [each for each in root.span_handlers if each is not _SPANS]
