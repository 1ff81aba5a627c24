"""Models of LlamaIndex's OpenAI package that ask the server of the tests, and what handlers hear."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.testing import FrozenClock
from llama_index.core.callbacks import CBEventType
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.llms.openai import OpenAI
from servers.openai_api import OpenAIAPI

Make = Callable[..., OpenAI]


class Hearing:
    """What handlers of both systems were told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.spans: list[tuple[str, str, dict[str, Any]]] = []
        """How each began or ended, its name and its tags."""

    @property
    def names(self) -> list[str]:
        return [event.class_name() for event in self.events]


class Events(BaseEventHandler):
    hearing: Any = None

    def handle(self, event: Any, **_: Any) -> None:
        self.hearing.events.append(event)


class Spans(BaseSpanHandler[Any]):
    hearing: Any = None

    def new_span(self, id_: str, *_: Any, tags: Any = None, **__: Any) -> None:
        self.hearing.spans.append(("begins", id_.partition("-")[0], tags))

    def prepare_to_exit_span(self, id_: str, *_: Any, **__: Any) -> None:
        self.hearing.spans.append(("ends", id_.partition("-")[0], {}))

    def prepare_to_drop_span(self, id_: str, *_: Any, **__: Any) -> None:
        self.hearing.spans.append(("drops", id_.partition("-")[0], {}))


class Pairs(BaseCallbackHandler):
    """A handler of the older system that notes the calls of models."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.heard: list[tuple[str, dict[Any, Any]]] = []

    def on_event_start(self, event_type: CBEventType, payload: Any = None, event_id: str = "", **_: Any) -> str:
        if event_type == CBEventType.LLM:
            self.heard.append(("start", payload))
        return event_id

    def on_event_end(self, event_type: CBEventType, payload: Any = None, event_id: str = "", **_: Any) -> None:
        if event_type == CBEventType.LLM:
            self.heard.append(("end", payload))

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


class Counter(BaseRateLimiter):
    """Counts who asked it, and makes nobody wait."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.acquired += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.acquired += 1


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def store(tmp_path: Path, clock: FrozenClock) -> Iterator[Spot]:
    """A Spot whose time stands still."""
    spot = Spot("store", db=tmp_path / "store.db", storage=tmp_path / "blobs", clock=clock)
    yield spot
    spot.shutdown()


@pytest.fixture
def hearing() -> Iterator[Callable[[], AbstractContextManager[Hearing]]]:
    """Listen at the root of the dispatchers, for a block."""

    @contextmanager
    def listen() -> Iterator[Hearing]:
        heard, root = Hearing(), get_dispatcher()
        events, spans = Events(), Spans()
        events.hearing = spans.hearing = heard
        root.add_event_handler(events)
        root.add_span_handler(spans)
        try:
            yield heard
        finally:
            root.event_handlers.remove(events)
            root.span_handlers.remove(spans)

    return listen


@pytest.fixture
def pairs() -> Pairs:
    """A handler that notes the calls of models."""
    return Pairs()


@pytest.fixture
def openai(openai_api: OpenAIAPI) -> Make:
    """Make a model; its client doesn't try again by itself."""
    return lambda **options: OpenAI(
        **{"model": "gpt-4o-mini", "api_base": openai_api.url, "api_key": "sk-secret", "max_retries": 0, **options}
    )


async def responses(llm: Any, way: str, text: str, **options: Any) -> list[Any]:
    """Return what one entry point of a model gives: a response, or the chunks of one."""
    asked = [ChatMessage(text)] if way.endswith("chat") else text
    given = getattr(llm, way)(asked, **options)
    if way.startswith("a"):
        given = await given
    if "stream" not in way:
        return [given]
    return [chunk async for chunk in given] if way.startswith("a") else list(given)


@pytest.fixture
def ask() -> Callable[..., Any]:
    return responses


@pytest.fixture
def event_loop_of_thread() -> Iterator[None]:
    """The loop that LlamaIndex's extractors take when nobody awaits them; they would leave one of their own open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
