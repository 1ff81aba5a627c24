"""Streams of models: what a replay gives is what the first reader was given."""

from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import cache_llm
from llama_index.callbacks.beautyspot.llms.kept import MOST_RAW_BYTES
from llama_index.core.llms import MockLLM

WAYS = [f"{a}stream_{verb}" for a in ("", "a") for verb in ("chat", "complete")]


def told(chunk: Any) -> list[Any]:
    return [getattr(chunk, name, None) for name in ("delta", "text", "message", "raw", "additional_kwargs")]


@pytest.mark.parametrize("way", WAYS)
async def test_chunks_that_hold_the_whole_text_from_the_first_on_are_replayed_so(
    way: str, store: Spot, ask: Any
) -> None:
    """As those of `MockLLM` do."""
    llm = cache_llm(MockLLM(), store)
    first, again = [await ask(llm, way, "hello there") for _ in range(2)]
    assert [told(chunk) for chunk in again] == [told(chunk) for chunk in first]


@pytest.mark.parametrize("way", WAYS)
async def test_of_chunks_that_lag_behind_the_last_tells_the_whole(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(MockLLM(max_tokens=5), store)
    first, again = [await ask(llm, way, "hello there") for _ in range(2)]
    assert [told(chunk) for chunk in again][:-1] == [told(chunk) for chunk in first][:-1]
    assert "text text text text text" in repr(told(again[-1]))


def test_texts_that_are_far_longer_than_the_answer_are_left_out(store: Spot) -> None:
    """They grow with each chunk and lag behind: all of them would be 3.7 MB."""
    llm = cache_llm(MockLLM(max_tokens=1200), store)
    first, again = [list(llm.stream_complete("hello")) for _ in range(2)]
    assert [chunk.text for chunk in again[:2]] == ["text ", "text text "]
    assert [chunk.delta for chunk in again] == [chunk.delta for chunk in first]
    [row] = store.parts.store.db.find(TaskFilter())
    assert (row.size_bytes or 0) < MOST_RAW_BYTES
