"""What does recording take beside the call that is recorded?"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.interleave import Batch, medians_us
from benchmarks.langchain_runs import server

WITHOUT, COUNTING, SPANS = "without", "TokenCountingHandler", "SimpleSpanHandler"
RECORDER, WRITTEN = "beautyspot", "beautyspot, rows written"
TOKENS = 500


def calls(scale: Scale, folder: str) -> list[Answer]:
    """`complete` of a model that does nothing, each token of its streams, and OpenAI's client over HTTP."""
    if find_spec("llama_index.llms.openai") is None:
        return [Answer("LlamaIndex: recorder", "µs", {}, (), "not measured: llama-index-llms-openai is not installed")]
    from llama_index.core.llms import MockLLM
    from llama_index.llms.openai import OpenAI

    def openai(manager: Any) -> Any:
        return OpenAI("gpt-4o-mini", api_key="none", api_base=url, callback_manager=manager).complete

    plain = _timed(scale, folder, lambda manager: MockLLM(callback_manager=manager).complete, "hi")
    stream = _timed(scale, folder, lambda manager: _read(MockLLM(callback_manager=manager)), "x" * TOKENS)
    with server() as url:
        client = _timed(scale, folder, openai, "hi")
    tokens = {name: figure / TOKENS for name, figure in stream.items() if name != WRITTEN}
    return [
        Answer("LlamaIndex: complete of a model that does nothing", "µs", plain, (ratio(plain, WITHOUT, 1.25),)),
        Answer("LlamaIndex: a token of its stream", "µs", tokens, (ratio(tokens, WITHOUT, 1.1),)),
        Answer("LlamaIndex: complete of OpenAI over loopback", "µs", client, (ratio(client, WITHOUT, 1.1),)),
    ]


def _timed(scale: Scale, folder: str, asking: Callable[[Any], Callable[[str], Any]], prompt: str) -> dict[str, float]:
    from llama_index.callbacks.beautyspot import install
    from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
    from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler

    ask = asking(CallbackManager([]))
    nobody, spans = _listeners(), SimpleSpanHandler()
    with install(f"{folder}/runs.db") as recorder:
        ours = _listeners()
        batches: dict[str, Batch] = {
            WITHOUT: _batch(ask, prompt, nobody),
            COUNTING: _batch(asking(CallbackManager([TokenCountingHandler(str.split)])), prompt, nobody),
            # It keeps every span: later batches, and those of the others, would pay for the earlier ones.
            SPANS: _batch(ask, prompt, (nobody[0], [*nobody[1], spans]), spans.completed_spans.clear),
            RECORDER: _batch(ask, prompt, ours),
            WRITTEN: _batch(ask, prompt, ours, recorder.flush),
        }
        return medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)


Listeners = tuple[list[Any], list[Any]]


def _root() -> Any:
    from llama_index_instrumentation import get_dispatcher

    return get_dispatcher("root")


def _listeners() -> Listeners:
    root = _root()
    return list(root.event_handlers), list(root.span_handlers)


def _batch(
    ask: Callable[[str], Any], prompt: str, listeners: Listeners, flush: Callable[[], Any] | None = None
) -> Batch:
    def batch(count: int) -> float:
        root = _root()
        root.event_handlers, root.span_handlers = listeners
        start_s = time.perf_counter()
        for _ in range(count):
            ask(prompt)
        if flush is not None:
            flush()
        return time.perf_counter() - start_s

    return batch


def _read(model: Any) -> Callable[[str], None]:
    def read(prompt: str) -> None:
        for _ in model.stream_complete(prompt):
            pass

    return read
