"""The ways of a call, in both colours: a kept answer is given; else the model is asked, and what it says is kept."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any

from beautyspot.flight import Claim
from beautyspot.store import Hit
from llama_index_instrumentation.dispatcher import active_instrument_tags, instrument_tags

from llama_index.callbacks.beautyspot.asking import running
from llama_index.callbacks.beautyspot.llms.cache import LLMCache, Lookup
from llama_index.callbacks.beautyspot.llms.call import Call
from llama_index.callbacks.beautyspot.llms.kept import Answer
from llama_index.callbacks.beautyspot.llms.streams import Recording, recorded, recorded_async, replayed, replayed_async
from llama_index.callbacks.beautyspot.llms.telling import Telling

Give = Callable[[Call, Lookup, Hit], Any]
Make = Callable[[LLMCache, Call, Lookup, Claim | None], Any]


def answer(cache: LLMCache, call: Call, /) -> Any:
    """Return the kept answer, or the one that the model gives now."""
    return _found_or_made(cache, call, _given, _asked)


async def answer_async(cache: LLMCache, call: Call, /) -> Any:
    """Do as `answer`, without blocking the event loop."""
    return await _found_or_made_async(cache, call, _given, _asked_async)


def stream(cache: LLMCache, call: Call, /) -> Any:
    """Return the kept chunks, or those that the model gives now."""
    return _found_or_made(cache, call, _replayed, _recorded)


async def stream_async(cache: LLMCache, call: Call, /) -> Any:
    """Do as `stream`, without blocking the event loop."""
    return await _found_or_made_async(cache, call, _replayed_async, _recorded_async)


def _found_or_made(cache: LLMCache, call: Call, give: Give, make: Make) -> Any:
    lookup = cache.ask(call)
    if lookup is None:
        return call.make()
    hit = cache.find(lookup)
    if hit is not None:
        return give(call, lookup, hit)
    lookup, watch = cache.watched(call, lookup)
    with watch:
        hit, claim = cache.wait(lookup)
        if hit is not None:
            return give(call, lookup, hit)
        cache.refuse(call, lookup)
        with claim or nullcontext():
            return make(cache, call, lookup, claim)


async def _found_or_made_async(cache: LLMCache, call: Call, give: Give, make: Make) -> Any:
    lookup = cache.ask(call)
    if lookup is None:
        return await call.make()
    hit = await cache.find_async(lookup)
    if hit is not None:
        return give(call, lookup, hit)
    lookup, watch = cache.watched(call, lookup)
    with watch:
        hit, claim = await cache.wait_async(lookup)
        if hit is not None:
            return give(call, lookup, hit)
        cache.refuse(call, lookup)
        with claim or nullcontext():
            return await make(cache, call, lookup, claim)


def _asked(cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> Any:
    start_s = cache.clock.monotonic()
    with _asking(call, lookup):
        response = call.make()
    lookup = cache.settled(call, lookup)
    cache.keep(lookup, Answer(response), cache.clock.monotonic() - start_s, claim)
    return response


async def _asked_async(cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> Any:
    start_s = cache.clock.monotonic()
    with _asking(call, lookup):
        response = await call.make()
    lookup = cache.settled(call, lookup)
    await cache.keep_async(lookup, Answer(response), cache.clock.monotonic() - start_s, claim)
    return response


def _recorded(cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> Any:
    recording = Recording(cache, call, lookup, claim)
    with _asking(call, lookup):
        source = call.make()
    return recorded(source, recording.begun())


async def _recorded_async(cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> Any:
    recording = Recording(cache, call, lookup, claim)
    with _asking(call, lookup):
        source = await call.make()
    return recorded_async(source, recording.begun())


def _given(call: Call, lookup: Lookup, hit: Hit) -> Any:
    kept: Answer = hit.value
    kept.response.delta = None if kept.deltas else kept.response.delta  # of the last chunk, which is no stream's now
    telling = Telling(call, _counted(lookup, hit))
    with telling.started():
        telling.end(kept.response)
    return kept.response


def _replayed(call: Call, lookup: Lookup, hit: Hit) -> Any:
    return replayed(*_begun(call, lookup, hit))


def _replayed_async(call: Call, lookup: Lookup, hit: Hit) -> Any:
    return replayed_async(*_begun(call, lookup, hit))


def _begun(call: Call, lookup: Lookup, hit: Hit) -> tuple[Answer, Telling]:
    """Tell of the start now: what stands in a generator would be told when the span is over."""
    telling = Telling(call, _counted(lookup, hit))
    with telling.started():
        return hit.value, telling


def _counted(lookup: Lookup, hit: Hit) -> dict[str, Any]:
    """Count a hit, but not in a replay, and return what recorders are told of it."""
    tally, tokens = lookup.question.tally, hit.value.tokens
    if lookup.mode != "replay_only":
        tally.hit(hit.elapsed_s, lookup.question.key)
        tally.tokens(saved=tokens or 0)
    return {"cache_hit": True, "cache_key": lookup.question.key, "saved_tokens": tokens}


@contextmanager
def _asking(call: Call, lookup: Lookup) -> Generator[None]:
    """Tell recorders the key while the model is asked, and count it if that fails."""
    tags = {**active_instrument_tags.get(), "cache_hit": False, "cache_key": lookup.question.key}
    try:
        with running(call.llm), instrument_tags(tags):
            yield
    except Exception:
        lookup.question.tally.miss(0.0, failed=True)
        raise
