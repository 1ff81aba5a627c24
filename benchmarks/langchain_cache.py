"""What does the cache for LangChain's models take beside those that LangChain brings?"""

import itertools
import random
import warnings
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.bounds import Rows
from benchmarks.crowds import THREADS, in_threads, repeat
from benchmarks.interleave import batch_of, medians_us, shuffled

BOUND = "bare sqlite3 + msgpack"
MEMORY, SQLITE = "InMemoryCache", "SQLiteCache"
ROWS = 2_000
"""SQLiteCache takes up to 16 ms to keep one answer."""
LLM = (
    '{"id": ["langchain", "chat_models", "openai", "ChatOpenAI"], "kwargs": {"model_name": "gpt-4.1", '
    '"openai_api_key": {"id": ["OPENAI_API_KEY"], "lc": 1, "type": "secret"}, "temperature": 0.0}, "lc": 1, '
    '"name": "ChatOpenAI", "type": "constructor"}---[(\'stop\', None)]'
)


def hits(scale: Scale, folder: str) -> list[Answer]:
    """`lookup` in the file and from memory, `update`, and 8 threads that look up."""
    if find_spec("langchain_community") is None:
        return [Answer("LangChain", "µs", {}, (), "not measured: langchain-community is not installed")]
    caches = _caches(folder)
    rows = min(scale.rows, ROWS)
    bound = Rows(f"{folder}/bare.db")
    prompts = [_prompt(number) for number in range(rows)]
    for prompt in prompts:
        bound.put(_bare_key(prompt), _answer()[0].message.model_dump())
        for cache in caches.values():
            cache.update(prompt, LLM, _answer())
    looks = {name: cache.lookup for name, cache in caches.items()} | {
        BOUND: lambda prompt, _: bound.get(_bare_key(prompt))
    }
    calls = [(prompt, LLM) for prompt in prompts]
    return [
        _lookups(scale, looks, calls),
        _updates(scale, caches),
        _threads(scale, caches, calls),
        _invokes(scale, caches),
    ]


def _caches(folder: str) -> dict[str, Any]:
    import beautyspot as bs
    from langchain_beautyspot import BeautySpotCache
    from langchain_core.caches import InMemoryCache

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package says that it is being sunset
        from langchain_community.cache import SQLiteCache
    # It warns at every read that it doesn't say which classes it loads.
    warnings.filterwarnings("ignore", module="langchain", category=PendingDeprecationWarning)
    warnings.filterwarnings("ignore", message=".*allowed_objects.*")
    spot = bs.Spot("bench", db=f"{folder}/beautyspot.db", storage=f"{folder}/blobs", memory_bytes=0)
    return {
        MEMORY: InMemoryCache(),
        SQLITE: SQLiteCache(f"{folder}/sqlite_cache.db"),
        "beautyspot": BeautySpotCache(spot),
        "in memory": BeautySpotCache(f"{folder}/held.db"),
    }


def _lookups(scale: Scale, looks: dict[str, Any], calls: list[tuple[str, str]]) -> Answer:
    batches = {name: batch_of(look, lambda count: random.choices(calls, k=count)) for name, look in looks.items()}
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    targets = (ratio(figures, SQLITE, 0.15), ratio(figures, BOUND, 3))
    return Answer("LangChain: lookup, first hit of a row", "µs", figures, targets)


def _updates(scale: Scale, caches: dict[str, Any]) -> Answer:
    numbers = itertools.count(10**6)
    batches = {
        name: batch_of(cache.update, lambda count: [(_prompt(next(numbers)), LLM, _answer()) for _ in range(count)])
        for name, cache in caches.items()
        if name != "in memory"
    }
    figures = medians_us(batches, rounds=scale.slow_rounds, batch_s=scale.batch_s)
    return Answer("LangChain: update", "µs", figures, (ratio(figures, SQLITE, 0.1),))


def _threads(scale: Scale, caches: dict[str, Any], calls: list[tuple[str, str]]) -> Answer:
    names = (SQLITE, "beautyspot")
    rates: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(scale.burst_rounds):
        for name in shuffled(names):
            done = in_threads(lambda place, name=name: repeat(caches[name].lookup, calls, place * 97, scale.burst_s))
            rates[name].append(len(done) / scale.burst_s)
    figures = {name: sorted(each)[len(each) // 2] for name, each in rates.items()}
    errors = caches["beautyspot"].stats().errors
    targets = (
        Target(figures["beautyspot"] / figures[SQLITE], 4, f"× {SQLITE}", at_least=True),
        Target(errors, 0, "errors"),
    )
    return Answer(f"LangChain: {THREADS} threads look up", "lookups/s", figures, targets)


def _invokes(scale: Scale, caches: dict[str, Any]) -> Answer:
    """A whole `invoke` with a short prompt; the answer comes from the cache."""
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    models = {name: FakeListChatModel(responses=["yes"], cache=cache) for name, cache in caches.items()}
    batches = {name: batch_of(model.invoke, lambda count: [("hello",)] * count) for name, model in models.items()}
    figures = medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)
    return Answer("LangChain: invoke, hit of a short prompt", "µs", figures, (ratio(figures, MEMORY, 1.7),))


def _prompt(number: int) -> str:
    """Return what LangChain gives a cache for one short message."""
    return (
        '[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": '
        f'{{"content": "What is the capital of country number {number}?", "type": "human"}}}}]'
    )


def _bare_key(prompt: str) -> str:
    return sha256(f"{LLM}{prompt}".encode()).hexdigest()[:32]


def _answer() -> list[Any]:
    """Return an answer of ChatOpenAI."""
    from langchain_core.messages import AIMessage
    from langchain_core.outputs import ChatGeneration

    usage = {"completion_tokens": 8, "prompt_tokens": 14, "total_tokens": 22}
    metadata = {
        "token_usage": usage, "model_provider": "openai", "model_name": "gpt-4.1-2025-04-14", "id": "chatcmpl-CB3Fk",
        "system_fingerprint": "fp_3502f4eb73", "finish_reason": "stop", "logprobs": None, "service_tier": "default",
    }  # fmt: skip
    counts = {"input_tokens": 14, "output_tokens": 8, "total_tokens": 22}
    message = AIMessage(
        "The capital of that country is called Paris.", additional_kwargs={"refusal": None}, id="run--0-0",
        response_metadata=metadata, usage_metadata=counts,
    )  # fmt: skip
    return [ChatGeneration(message=message, generation_info={"finish_reason": "stop", "logprobs": None})]
