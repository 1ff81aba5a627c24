"""What does the cache of LlamaIndex's models take beside what LlamaIndex itself takes for a call?"""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.interleave import Batch, batch_of, medians_us

UNCACHED, MEMORY = "MockLLM", "in memory"
MISS, HIT = "passed through and kept", "replayed"
ROWS = 2_000
TOKENS = 4_000
"""Of one stream; the model echoes a character in each. What a call takes once, such as a row, is spread over them."""


def hits(scale: Scale, folder: str) -> list[Answer]:
    """`complete`, with and without listeners, a long history, and streams by the token; the model only echoes."""
    if find_spec("llama_index.core") is None:
        return [Answer("LlamaIndex", "µs", {}, (), "not measured: llama-index-core is not installed")]
    models = _models(folder)
    prompts = [f"What is the capital of country number {number}?" for number in range(min(scale.rows, ROWS))]
    for prompt, model in itertools.product(prompts, (models["beautyspot"], models[MEMORY])):
        model.complete(prompt)
    answers = [_completions("LlamaIndex: complete, hit", scale, models, prompts)]
    with _listeners():
        answers.append(_completions("LlamaIndex: complete, hit, with listeners", scale, models, prompts))
    return [*answers, _chats(scale, models), _streams(scale, models)]


def _models(folder: str) -> dict[str, Any]:
    import beautyspot as bs
    from llama_index.callbacks.beautyspot import cache_llm
    from llama_index.core.llms import MockLLM

    spot = bs.Spot("bench", db=f"{folder}/answers.db", storage=f"{folder}/blobs", memory_bytes=0)
    return {
        UNCACHED: MockLLM(),
        "beautyspot": cache_llm(MockLLM(), spot),
        MEMORY: cache_llm(MockLLM(), f"{folder}/held.db"),
    }


def _completions(question: str, scale: Scale, models: dict[str, Any], prompts: list[str]) -> Answer:
    batches = {
        name: batch_of(model.complete, lambda count: [(random.choice(prompts),) for _ in range(count)])
        for name, model in models.items()
    }
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    return Answer(question, "µs", figures, (ratio(figures, UNCACHED, 2.5),))


def _chats(scale: Scale, models: dict[str, Any]) -> Answer:
    from llama_index.core.llms import ChatMessage

    messages = [ChatMessage(f"A sentence of a talk, number {number}.") for number in range(50)]
    batches = {name: batch_of(model.chat, lambda count: [(messages,)] * count) for name, model in models.items()}
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    return Answer("LlamaIndex: chat of 50 messages, hit", "µs", figures, (ratio(figures, UNCACHED, 2.5),))


def _streams(scale: Scale, models: dict[str, Any]) -> Answer:
    numbers = itertools.count()
    one = "x" * TOKENS
    list(models["beautyspot"].stream_complete(one))
    batches = {
        UNCACHED: _reading(models[UNCACHED], lambda: one),
        MISS: _reading(models["beautyspot"], lambda: f"{next(numbers):0{TOKENS}}"),
        HIT: _reading(models["beautyspot"], lambda: one),
    }
    figures = {
        name: call_us / TOKENS
        for name, call_us in medians_us(batches, rounds=scale.slow_rounds, batch_s=scale.batch_s * 10).items()
    }
    targets = tuple(Target(figures[name] / figures[UNCACHED], 1.1, f"× {UNCACHED} {name}") for name in (MISS, HIT))
    return Answer("LlamaIndex: one token of a stream", "µs", figures, targets)


def _reading(model: Any, prompt: Any) -> Batch:
    def read(text: str) -> None:
        for _ in model.stream_complete(text):
            pass

    return batch_of(read, lambda count: [(prompt(),) for _ in range(count)])


@contextmanager
def _listeners() -> Iterator[None]:
    """Have handlers at the root that do nothing with what they hear."""
    from llama_index.core.instrumentation import get_dispatcher
    from llama_index.core.instrumentation.event_handlers import BaseEventHandler
    from llama_index.core.instrumentation.span_handlers import BaseSpanHandler

    class Events(BaseEventHandler):
        def handle(self, *_: Any, **__: Any) -> None: ...

    class Spans(BaseSpanHandler[Any]):
        def new_span(self, *_: Any, **__: Any) -> None: ...
        def prepare_to_exit_span(self, *_: Any, **__: Any) -> None: ...
        def prepare_to_drop_span(self, *_: Any, **__: Any) -> None: ...

    root, events, spans = get_dispatcher(), Events(), Spans()
    root.add_event_handler(events)
    root.add_span_handler(spans)
    try:
        yield
    finally:
        root.event_handlers.remove(events)
        root.span_handlers.remove(spans)
