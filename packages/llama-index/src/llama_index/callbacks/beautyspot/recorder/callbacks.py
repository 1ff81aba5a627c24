"""From the events of LlamaIndex's older system to runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index_instrumentation.dispatcher import active_instrument_tags

from llama_index.callbacks.beautyspot.recorder.open_run import OpenRun
from llama_index.callbacks.beautyspot.recorder.usage import model_named
from llama_index.callbacks.beautyspot.spans import SPANS
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.callbacks.schema import BASE_TRACE_EVENT, CBEventType, EventPayload

if TYPE_CHECKING:
    from llama_index.callbacks.beautyspot.recorder.runs import Runs

_KINDS = {
    CBEventType.AGENT_STEP: "step",
    CBEventType.EMBEDDING: "embedding",
    CBEventType.FUNCTION_CALL: "tool",
    CBEventType.LLM: "llm",
    CBEventType.QUERY: "query",
    CBEventType.RERANKING: "rerank",
    CBEventType.RETRIEVE: "retriever",
}
"""The others are of the kind `chain`."""
_IGNORED = [CBEventType.EXCEPTION, CBEventType.TEMPLATING]
"""What has no end, and what is done in no time."""
_INPUTS = (EventPayload.MESSAGES, EventPayload.PROMPT, EventPayload.QUERY_STR, EventPayload.FUNCTION_CALL)
_OUTPUTS = (EventPayload.NODES, EventPayload.CHUNKS, EventPayload.FUNCTION_OUTPUT, EventPayload.RESPONSE)


class Callbacks(BaseCallbackHandler):
    """Takes the events of a `CallbackManager`, and begins and ends runs."""

    def __init__(self, runs: Runs) -> None:
        """Tell `runs`."""
        super().__init__(_IGNORED, _IGNORED)
        self._runs = runs

    def is_on(self) -> bool:
        """Say whether to begin runs."""
        return True

    def on_event_start(
        self,
        event_type: CBEventType,
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        parent_id: str = "",
        **_: Any,
    ) -> str:
        """Begin a run."""
        try:
            if self.is_on():
                self._begin(event_type, payload or {}, event_id, parent_id)
        except Exception as error:  # noqa: BLE001 - it would reach the user's call
            self._runs.fail(error)
        return event_id

    def on_event_end(
        self, event_type: CBEventType, payload: dict[str, Any] | None = None, event_id: str = "", **_: Any
    ) -> None:
        """End a run."""
        del event_type
        try:
            run = self._runs.find(event_id)
            if run is not None:
                self._end(run, payload or {})
        except Exception as error:  # noqa: BLE001 - as above
            self._runs.fail(error)

    def start_trace(self, trace_id: str | None = None) -> None:
        """Do nothing: a trace is known by its first event."""

    def end_trace(self, trace_id: str | None = None, trace_map: dict[str, list[str]] | None = None) -> None:
        """Do nothing: the map mixes traces that run at once."""

    def _begin(self, event_type: CBEventType, payload: dict[str, Any], event_id: str, parent_id: str) -> None:
        parent = self._runs.find(parent_id)
        trace_id = event_id if parent is None else parent.trace_id
        kind, above = _KINDS.get(event_type, "chain"), None if parent_id in ("", BASE_TRACE_EVENT) else parent_id
        run = OpenRun(event_id, kind, event_type.value, trace_id, above)
        run.span = SPANS.current()
        run.is_nested = kind == "llm" and run.span is not None and run.span.is_nested
        run.model = model_named(payload.get(EventPayload.SERIALIZED))
        run.tags = {**active_instrument_tags.get(), "source": "callbacks"}  # a hit's as well
        self._runs.begin(run, _first(payload, _INPUTS))

    def _end(self, run: OpenRun, payload: dict[str, Any]) -> None:
        error = payload.get(EventPayload.EXCEPTION)
        if error is not None:
            self._runs.end_failed(run, error)
        elif run.kind == "llm":
            self._runs.end(run, response=_first(payload, (EventPayload.RESPONSE, EventPayload.COMPLETION)))
        else:
            self._runs.end(run, outputs=_first(payload, _OUTPUTS))


def _first(payload: dict[str, Any], names: tuple[EventPayload, ...]) -> Any:
    return next((payload[name] for name in names if name in payload), None)
