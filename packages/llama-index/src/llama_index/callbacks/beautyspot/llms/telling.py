"""What handlers hear of a hit: one span, and one pair of events of each system, as the model's own decorators tell.

The decorators themselves can't tell it: they take from the limiter first, and a hit is free.
"""

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from inspect import Parameter, Signature
from typing import Any, NamedTuple
from uuid import uuid4

from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import Dispatcher, active_instrument_tags, instrument_tags
from llama_index_instrumentation.event_handlers import NullEventHandler
from llama_index_instrumentation.span_handlers import NullSpanHandler

from llama_index.callbacks.beautyspot.llms.answers import Response
from llama_index.callbacks.beautyspot.llms.call import Call
from llama_index.callbacks.beautyspot.llms.questions import Family
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
    LLMCompletionStartEvent,
)
from llama_index.core.instrumentation.span import active_span_id

EVENTS = get_dispatcher("llama_index.core.llms.callbacks")
"""Where the events of every model come from."""


class Words(NamedTuple):
    """How the events of a family are called."""

    start: type[Any]
    progress: type[Any]
    end: type[Any]
    asked: str
    asked_key: EventPayload
    answer_key: EventPayload
    signature: Signature
    """Of the entry points; to ask a method for its own takes as long as all else that is told."""


_WORD, _REST = Parameter.POSITIONAL_OR_KEYWORD, Parameter("kwargs", Parameter.VAR_KEYWORD)
WORDS: dict[Family, Words] = {
    "chat": Words(
        LLMChatStartEvent, LLMChatInProgressEvent, LLMChatEndEvent,
        "messages", EventPayload.MESSAGES, EventPayload.RESPONSE, Signature([Parameter("messages", _WORD), _REST]),
    ),
    "completion": Words(
        LLMCompletionStartEvent, LLMCompletionInProgressEvent, LLMCompletionEndEvent,
        "prompt", EventPayload.PROMPT, EventPayload.COMPLETION,
        Signature([Parameter("prompt", _WORD), Parameter("formatted", _WORD, default=False), _REST]),
    ),
}  # fmt: skip


class Telling:
    """Tells of one hit. Nothing is made where nobody listens."""

    def __init__(self, call: Call, mark: Mapping[str, Any]) -> None:
        """Tell of `call` under tags that hold `mark`."""
        self._call = call
        self._words = WORDS[call.family]
        self._tags = {**active_instrument_tags.get(), **mark}
        self._is_heard = _is_heard(EVENTS)
        manager: Any = getattr(call.llm, "callback_manager", None)
        self._manager: CallbackManager | None = manager if getattr(manager, "handlers", None) else None
        self._event_id = ""
        self._span_id = active_span_id.get()

    @contextmanager
    def started(self) -> Generator[None]:
        """Begin the call, and end its span with the block: of a stream it ends before the first chunk."""
        spans = get_dispatcher(type(self._call.llm).__module__)
        with ExitStack() as stack:
            if _is_heard(spans, spans=True):
                stack.enter_context(self._span(spans))
            if self._manager is not None:
                stack.enter_context(self._manager.as_trace(self._call.family))
            if self._is_heard or self._manager is not None:
                self._start()
            yield

    def progress(self, chunk: Response) -> None:
        """Tell of one more chunk of a stream."""
        if self._is_heard:
            self._send(self._words.progress, response=chunk)

    @contextmanager
    def ending(self, response: Response) -> Generator[None]:
        """Tell at the end of the block of the whole answer, or of why the block went no further."""
        try:
            yield
        except BaseException as error:
            self._fail(error)
            raise
        self.end(response)

    def end(self, response: Response) -> None:
        """Tell of the whole answer."""
        if self._manager is not None:
            payload: dict[Any, Any] = {self._words.asked_key: self._call.asked, self._words.answer_key: response}
            with instrument_tags(self._tags):
                self._manager.on_event_end(CBEventType.LLM, payload=payload, event_id=self._event_id)
        if self._is_heard:
            self._send(self._words.end, response=response)

    def _fail(self, error: BaseException) -> None:
        if self._manager is not None:
            with instrument_tags(self._tags):
                payload: dict[Any, Any] = {EventPayload.EXCEPTION: error}
                self._manager.on_event_end(CBEventType.LLM, payload=payload, event_id=self._event_id)
        if self._is_heard:
            with instrument_tags(self._tags):
                EVENTS.event(ExceptionEvent(exception=error, span_id=self._span_id))

    @contextmanager
    def _span(self, spans: Dispatcher) -> Generator[None]:
        call, parent_id = self._call, self._span_id
        self._span_id = f"{type(call.llm).__name__}.{call.name}-{uuid4()}"
        bound = self._words.signature.bind(call.asked, **call.options)
        told: dict[str, Any] = {"id_": self._span_id, "bound_args": bound, "instance": call.llm}
        token = active_span_id.set(self._span_id)
        spans.span_enter(**told, parent_id=parent_id, tags=self._tags)
        try:
            yield
        except BaseException as error:
            spans.span_drop(**told, err=error)
            raise
        finally:
            active_span_id.reset(token)
        spans.span_exit(**told)

    def _start(self) -> None:
        model, options = _payload_of(self._call.llm), self._call.options
        if self._is_heard:
            self._send(self._words.start, additional_kwargs=options, model_dict=model)
        if self._manager is not None:
            payload: dict[Any, Any] = {
                self._words.asked_key: self._call.asked,
                EventPayload.ADDITIONAL_KWARGS: options,
                EventPayload.SERIALIZED: model,
            }
            with instrument_tags(self._tags):
                self._event_id = self._manager.on_event_start(CBEventType.LLM, payload=payload)

    def _send(self, class_: type[Any], **fields: Any) -> None:
        asked = {self._words.asked: self._call.asked}
        with instrument_tags(self._tags):
            EVENTS.event(class_(**asked, **fields, span_id=self._span_id))


def _is_heard(dispatcher: Dispatcher, *, spans: bool = False) -> bool:
    """Say whether anybody but the handlers that do nothing hears events, or spans, of `dispatcher`."""
    place: Dispatcher | None = dispatcher
    while place is not None:
        handlers: list[Any] = [*(place.span_handlers if spans else place.event_handlers)]  # pyright: ignore[reportUnknownMemberType] - of any kind of span
        if any(type(handler) not in (NullEventHandler, NullSpanHandler) for handler in handlers):
            return True
        place = place.parent if place.propagate else None
    return False


def _payload_of(llm: Any) -> dict[str, Any]:
    """Return what handlers are told of a model: nothing secret, which `to_dict` is not."""
    try:
        return llm.to_payload() if hasattr(llm, "to_payload") else _metadata_of(llm)
    except Exception:  # noqa: BLE001 - a model of an unknown name has no metadata; a hit goes without
        return {"class_name": llm.class_name()}


def _metadata_of(llm: Any) -> dict[str, Any]:
    return {"class_name": llm.class_name(), **llm.metadata.model_dump()}
