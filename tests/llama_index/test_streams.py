"""Streams of models: what a replay gives is what the first reader was given."""

from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import cache_llm
from llama_index.callbacks.beautyspot.llms.texts import MOST_TEXT
from llama_index.core.base.llms.types import MessageRole, TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

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
async def test_chunks_that_lag_behind_are_replayed_so_and_the_answer_is_whole(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(MockLLM(max_tokens=5), store)
    first, again = [await ask(llm, way, "hello there") for _ in range(2)]
    assert [told(chunk) for chunk in again] == [told(chunk) for chunk in first]
    [whole] = await ask(llm, way.replace("stream_", ""), "hello there")
    assert "text text text text text" in repr(told(whole))


class Scripted(CustomLLM):
    """Streams what it is told to: the text and the delta of each chunk."""

    script: list[tuple[str, str | None]]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        return (CompletionResponse(text=text, delta=delta) for text, delta in self.script)


SCRIPTS = {
    "corrects": ([("<i>", "<i>"), ("<i>Par", "Par"), ("<i>Paris", "is"), ("Paris", "")], "Paris"),
    "strips": ([(" a", " a"), (" a b", " b"), ("a b", None)], "a b"),
    "corrects as it goes": ([("", "<i>"), ("Par", "Par"), ("Paris", "is")], "Paris"),
    "corrects to its last delta": ([("<i>", "<i>"), ("<i>Paris", "Paris"), ("Paris", "")], "Paris"),
    "rewrites late": ([("a", "a"), ("ab", "b"), ("X", "c"), ("abcd", "d")], "abcd"),
    "says without a delta": ([("a", "a"), ("ab", None), ("abc", "c")], "abc"),
    "parts to the end": ([("a", "a"), ("b", "b"), ("c", "c")], "abc"),
    "parts, and one again": ([("a", "a"), ("b", "b"), ("b", "")], "ab"),
    "parts, then the whole": ([("a", "a"), ("b", "b"), ("ab", "")], "ab"),
    "no text": ([("", "a"), ("", "b"), ("", None)], "ab"),
    "no deltas": ([("a", None), ("ab", None)], "ab"),
    "begins with more": ([("p: a", "a"), ("p: ab", "b")], "p: ab"),
    "corrects to as much": ([("teh", "teh"), ("the cat", " cat"), ("the cat sat", " sat")], "the cat sat"),
    "corrects, then nothing": ([("teh", "teh"), ("the cat", " cat"), ("", "")], "the cat"),
    "masks, then nothing": ([("my ", "my "), ("my ****", "1234"), ("", None), ("", "")], "my ****"),
    "lags, then nothing": ([("", "a"), ("a", "b"), ("", "")], "ab"),
    "nothing in between": ([("a", "a"), ("", ""), ("ab", "b"), ("", "")], "ab"),
    "strips each": ([("a", "a"), ("a", " "), ("a b", "b"), ("a b", " "), ("a b c", "c")], "a b c"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_replay_shows_each_chunk_as_it_came_and_the_answer_is_what_was_meant(name: str, store: Spot) -> None:
    script, whole = SCRIPTS[name]
    llm = cache_llm(Scripted(script=script), store)
    live, replayed = [list(llm.stream_complete("q")) for _ in range(2)]
    assert [(chunk.text, chunk.delta) for chunk in replayed] == [(chunk.text, chunk.delta) for chunk in live] == script
    assert llm.complete("q").text == whole


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_replayed_chat_shows_each_chunk_as_it_came(name: str, store: Spot, ask: Any) -> None:
    script, whole = SCRIPTS[name]
    llm = cache_llm(Scripted(script=script), store)
    live, replayed = [list(llm.stream_chat([ChatMessage("q")])) for _ in range(2)]
    assert [(chunk.message.content, chunk.delta) for chunk in replayed] == script
    assert [told(chunk) for chunk in replayed] == [told(chunk) for chunk in live]
    assert llm.chat([ChatMessage("q")]).message.content == whole


class Noting(Scripted):
    """Tells with each chunk something beside its text, as thinking models do."""

    @llm_chat_callback()
    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        for place, (text, delta) in enumerate(self.script):
            message = ChatMessage(text, role="assistant", additional_kwargs={"part": place} if place else {})
            more = {"provider": "x", "place": [place], "thinking_delta": f"hm {place}"}
            yield ChatResponse(message=message, delta=delta, additional_kwargs=more)


def test_what_chunks_tell_beside_is_replayed_with_each(store: Spot) -> None:
    llm = cache_llm(Noting(script=[("a", "a"), ("ab", "b"), ("abc", "c")]), store)
    live, replayed = [list(llm.stream_chat([ChatMessage("q")])) for _ in range(2)]
    assert [told(chunk) for chunk in replayed] == [told(chunk) for chunk in live]
    assert replayed[1].additional_kwargs["place"] == [1]


def test_texts_that_grow_as_they_should_take_no_room(store: Spot) -> None:
    pieces = [("ab " * (number + 1), "ab ") for number in range(1000)]
    list(cache_llm(Scripted(script=pieces), store).stream_complete("q"))
    [row] = store.parts.store.db.find(TaskFilter())
    assert (row.size_bytes or 0) < 10_000


def test_texts_that_are_far_longer_than_the_answer_are_left_out(store: Spot) -> None:
    """Each is written anew: all of them would be 2 MB."""
    script = [(f"{number}" + "x" * 2000, "ab") for number in range(1000)]
    llm = cache_llm(Scripted(script=[*script, ("ab" * 1000, "")]), store)
    first, again = [list(llm.stream_complete("hello")) for _ in range(2)]
    assert [chunk.text for chunk in again[:2]] == ["ab", "abab"]
    assert (again[-1].text, [chunk.delta for chunk in again]) == (first[-1].text, [chunk.delta for chunk in first])
    [row] = store.parts.store.db.find(TaskFilter())
    assert (row.size_bytes or 0) < MOST_TEXT


class Acting(Scripted):
    """Ends its stream with the call of a tool."""

    @llm_chat_callback()
    def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
        call = ToolCallBlock(tool_call_id="1", tool_name="pay", tool_kwargs={"sum": 1})
        for blocks, delta in (([TextBlock(text="a")], "a"), ([TextBlock(text="ab"), call], "b")):
            message = ChatMessage(blocks=blocks, role="assistant", additional_kwargs={"ids": [1]})
            yield ChatResponse(message=message, delta=delta, additional_kwargs={"of": ["p"]}, raw={"n": 1})


def spoil(chunk: Any) -> None:
    """Change all of a chunk, as its reader may."""
    chunk.raw, chunk.delta, chunk.logprobs = {"n": 2}, "spoilt", [[]]
    spoil_table(chunk.additional_kwargs)
    if isinstance(chunk, CompletionResponse):
        chunk.text = "spoilt"
        return
    chunk.message.role = MessageRole.TOOL
    spoil_table(chunk.message.additional_kwargs)
    for block in chunk.message.blocks:
        if isinstance(block, TextBlock):
            block.text = "spoilt"
        else:
            block.tool_kwargs["sum"] = 1000
    chunk.message.blocks.append(TextBlock(text="spoilt"))


def spoil_table(table: dict[str, Any]) -> None:
    for each in table.values():
        each.append("spoilt")
    table["spoilt"] = True


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("class_", [Scripted, Acting])
async def test_what_a_reader_does_to_its_chunks_is_not_kept(class_: Any, way: str, store: Spot, ask: Any) -> None:
    model = class_(script=[("a", "a"), ("ab", "b")])
    llm = cache_llm(model, store)
    stream = getattr(llm, way)("q" if "complete" in way else [ChatMessage("q")])
    if way.startswith("a"):
        async for chunk in await stream:
            spoil(chunk)
    else:
        for chunk in stream:
            spoil(chunk)
    bare, again = await ask(model, way, "q"), await ask(llm, way, "q")
    assert [told(chunk) for chunk in again][-1] == [told(chunk) for chunk in bare][-1]
    assert "spoilt" not in repr(again)
    assert "1000" not in repr(again)
