"""The cache of language models under models that need no server."""

import asyncio
import copy
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheReadWarning, CacheSaveWarning, CacheWarning, ConfigurationError, Spot
from beautyspot.records import TaskFilter
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import ReplayMiss, cache_llm, cache_policy
from llama_index.callbacks.beautyspot.llms.kept import MOST_RAW_BYTES
from llama_index.core.base.llms.types import ThinkingBlock, ToolCallBlock
from llama_index.core.bridge.pydantic import BaseModel, PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CustomLLM,
    LLMMetadata,
    MockLLM,
    TextBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.schema import ImageDocument
from llama_index.core.tools import FunctionTool

ASKED: list[Any] = []
WAYS = tuple(f"{a}{stream}{verb}" for verb in ("chat", "complete") for stream in ("", "stream_") for a in ("", "a"))
Hearing = Callable[[], AbstractContextManager[Any]]


class Parrot(CustomLLM):
    """Says what it is asked, and notes it."""

    model: str = "parrot-1"
    api_key: str = "sk-secret"
    fails_after: int | None = None
    _llm: Any = PrivateAttr(default=None)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        ASKED.append(prompt)
        return CompletionResponse(text=f"so {prompt}", raw={"usage": {"input_tokens": 3, "output_tokens": 4}})

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        ASKED.append(prompt)

        def chunks() -> Iterator[CompletionResponse]:
            said = ""
            for number, word in enumerate(["so ", *prompt]):
                if number == self.fails_after:
                    raise ConnectionError("gone")
                said += word
                yield CompletionResponse(text=said, delta=word)

        return chunks()


@pytest.fixture(autouse=True)
def asked() -> list[Any]:
    ASKED.clear()
    return ASKED


@pytest.fixture
def llm(store: Spot) -> Parrot:
    return cache_llm(Parrot(), store)


def rows(spot: Spot) -> list[Any]:
    return list(spot.parts.store.db.find(TaskFilter()))


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_that_calls_itself_is_cached_once(way: str, llm: Parrot, store: Spot, ask: Any) -> None:
    """`achat` of a `CustomLLM` calls `chat`, and that `complete`; its stream does so while it is read."""
    for _ in range(3):
        await ask(llm, way, "a b")
    assert len(ASKED) == 1
    assert len(rows(store)) == 1
    assert store.parts.journal.tally("llama_index.Parrot.parrot-1").info()[:3] == (2, 1, 0)


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_has_one_limit_less_on_hits(way: str, llm: Parrot, ask: Any, counter: Any) -> None:
    llm.rate_limiter = counter
    await ask(llm, way, "a b")
    before = counter.acquired
    await ask(llm, way, "a b")
    assert counter.acquired == before > 0


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
async def test_a_stream_is_replayed_delta_by_delta(way: str, llm: Parrot, ask: Any) -> None:
    first, again = [await ask(llm, way, "abc") for _ in range(2)]
    assert [each.delta for each in again] == [each.delta for each in first]
    assert [str(each) for each in again] == [str(each) for each in first]


def test_an_answer_that_was_no_stream_is_replayed_as_one_chunk(llm: Parrot) -> None:
    llm.complete("abc")
    [chunk] = llm.stream_complete("abc")
    assert (chunk.text, chunk.delta) == ("so abc", "so abc")


def test_an_answer_that_was_a_stream_has_no_delta_without_one(llm: Parrot) -> None:
    list(llm.stream_complete("abc"))
    assert (llm.complete("abc").text, llm.complete("abc").delta) == ("so abc", None)


def test_the_deltas_tell_the_text_where_the_last_chunk_lacks_its_own(store: Spot) -> None:
    """As that of `MockLLM` does."""
    llm = cache_llm(MockLLM(max_tokens=3), store)
    assert len(list(llm.stream_complete("a"))) == 3
    assert llm.complete("a").text == MockLLM(max_tokens=3).complete("a").text


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
async def test_a_stream_that_breaks_is_not_kept(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(Parrot(fails_after=3), store)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await ask(llm, way, "abcdef")
    assert (len(ASKED), rows(store)) == (2, [])


async def test_an_async_stream_that_is_closed_early_is_not_kept_and_holds_nobody_up(llm: Parrot, store: Spot) -> None:
    stream = await llm.astream_complete("abc")
    await anext(stream)
    await stream.aclose()
    assert rows(store) == []
    assert (await asyncio.wait_for(llm.acomplete("abc"), 5)).text == "so abc"


def test_two_streams_of_one_thread_at_once_do_not_wait_for_each_other(llm: Parrot) -> None:
    pairs = list(zip(llm.stream_complete("abc"), llm.stream_complete("abc"), strict=True))
    assert pairs[-1][0].text == pairs[-1][1].text == "so abc"


def test_a_stream_that_nobody_reads_holds_nobody_up(llm: Parrot) -> None:
    stream = llm.stream_complete("abc")
    del stream
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(llm.complete("abc").text))
    thread.start()
    thread.join(5)
    assert done == ["so abc"]


def test_an_empty_stream_is_not_kept(store: Spot) -> None:
    class Silent(Parrot):
        @llm_chat_callback()
        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            ASKED.append(messages)
            return (each for each in ())

    llm = cache_llm(Silent(), store)
    assert [list(llm.stream_chat([ChatMessage("a")])) for _ in range(2)] == [[], []]
    assert len(ASKED) == 2


def test_what_a_model_thinks_is_replayed(store: Spot) -> None:
    class Thinker(Parrot):
        @llm_chat_callback()
        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            def chunks() -> Iterator[ChatResponse]:
                thought = [ThinkingBlock(content="hm"), TextBlock(text="")]
                yield ChatResponse(
                    message=ChatMessage(blocks=thought, role="assistant"),
                    delta="",
                    additional_kwargs={"thinking_delta": "hm"},
                )
                said = [thought[0], TextBlock(text="yes")]
                yield ChatResponse(message=ChatMessage(blocks=said, role="assistant"), delta="yes")

            return chunks()

    llm = cache_llm(Thinker(), store)
    first, again = (list(llm.stream_chat([ChatMessage("a")])) for _ in range(2))
    assert [each.additional_kwargs.get("thinking_delta") for each in again] == ["hm", None]
    assert again[-1].message == first[-1].message


def test_tools_given_as_objects_count_by_their_schema(store: Spot) -> None:
    def add(a: int, b: int = 2) -> int:
        """Add."""
        return a + b

    def add_more(a: int, b: int = 2, c: int = 3) -> int:
        """Add."""
        return a + b + c

    calls: list[Any] = []

    def respond(messages: Any, **_: Any) -> ChatMessage:
        calls.append(messages)
        return ChatMessage(blocks=[ToolCallBlock(tool_call_id=f"id{len(calls)}", tool_name="add")], role="assistant")

    llm = cache_llm(MockFunctionCallingLLM(response_generator=respond), store)
    tools = [FunctionTool.from_defaults(function, name="add", description="adds") for function in (add, add, add_more)]
    for tool in tools:
        llm.chat_with_tools([tool], "hello")
    assert len(calls) == 2


def test_what_a_consumer_does_to_a_chunk_is_not_kept(store: Spot) -> None:
    """OpenAI's class takes all calls of tools but one out of each chunk."""
    calls = [ToolCallBlock(tool_call_id=each, tool_name="f") for each in ("1", "2")]
    model = MockFunctionCallingLLM(response_generator=lambda *_, **__: iter([ChatMessage(blocks=calls)]))
    llm = cache_llm(model, store)
    for chunk in llm.stream_chat([ChatMessage("a")]):
        chunk.message.blocks = chunk.message.blocks[:1]
    assert llm.chat([ChatMessage("a")]).message.blocks == calls


HISTORIES = {
    "role": [ChatMessage("a", role="system")],
    "two": [ChatMessage("a"), ChatMessage("b")],
    "one": [ChatMessage("a\nb")],
    "blocks": [ChatMessage(blocks=[TextBlock(text="a"), TextBlock(text="b")])],
    "more": [ChatMessage("a", additional_kwargs={"name": "x"})],
    "call": [
        ChatMessage(blocks=[ToolCallBlock(tool_call_id="1", tool_name="f", tool_kwargs={"id": "1", "name": "x"})])
    ],
    "other arguments": [
        ChatMessage(blocks=[ToolCallBlock(tool_call_id="1", tool_name="f", tool_kwargs={"id": "2", "name": "x"})])
    ],
    "results in order": [
        ChatMessage(blocks=[ToolCallBlock(tool_call_id=each, tool_name="f") for each in ("1", "2")]),
        ChatMessage("one", role="tool", additional_kwargs={"tool_call_id": "1"}),
    ],
    "results out of order": [
        ChatMessage(blocks=[ToolCallBlock(tool_call_id=each, tool_name="f") for each in ("1", "2")]),
        ChatMessage("one", role="tool", additional_kwargs={"tool_call_id": "2"}),
    ],
}


def test_histories_that_differ_are_different_questions(llm: Parrot, store: Spot) -> None:
    for messages in HISTORIES.values():
        llm.chat(messages)
    assert len(rows(store)) == len(HISTORIES)


def test_a_picture_that_was_added_to_a_message_counts_by_its_content(llm: Parrot) -> None:
    for image in ("AAAA", "BBBB", "AAAA"):
        message = ChatMessage("what is this")
        message.additional_kwargs["images"] = [ImageDocument(image=image)]
        llm.chat([message])
    assert len(ASKED) == 2


def test_a_chat_and_a_completion_of_the_same_words_share_nothing(llm: Parrot, store: Spot) -> None:
    llm.chat([ChatMessage("a")])
    llm.complete("a")
    llm.complete("a", formatted=True)
    assert len(rows(store)) == 3


def test_a_function_that_makes_the_prompt_is_part_of_the_question(store: Spot) -> None:
    for mark in ("?", "!", "?"):
        llm = Parrot(messages_to_prompt=lambda messages, mark=mark: messages[0].content + mark)
        cache_llm(llm, store).chat([ChatMessage("a")])
    assert ASKED == ["a?", "a!"]


def test_so_is_one_that_makes_it_of_a_prompt_unless_that_is_made(store: Spot) -> None:
    for mark in ("?", "!"):
        llm = cache_llm(Parrot(completion_to_prompt=lambda prompt, mark=mark: prompt + mark), store)
        llm.complete("a")
        llm.complete("a", formatted=True)
    assert len(ASKED) == 3


def test_namespaces_and_models_share_nothing(store: Spot) -> None:
    for options in ({}, {"namespace": "a"}, {"namespace": "b"}, {"model_id": "x"}):
        cache_llm(Parrot(), store, **options).complete("a")
    cache_llm(Parrot(model="parrot-2"), store).complete("a")
    assert len(ASKED) == 5
    assert {row.func_name for row in rows(store)} == {"llama_index.Parrot.parrot-1", "llama_index.Parrot.parrot-2"}


def test_answers_count_for_as_long_as_they_were_given(store: Spot, clock: FrozenClock) -> None:
    llm = cache_llm(Parrot(), store, ttl="1h")
    llm.complete("a")
    clock.advance(3599)
    llm.complete("a")
    assert len(ASKED) == 1
    clock.advance(2)
    llm.complete("a")
    assert len(ASKED) == 2


def test_rows_carry_the_users_tags_and_go_with_them(store: Spot) -> None:
    llm = cache_llm(Parrot(), store, tags=("night",))
    llm.complete("a")
    store.invalidate(tags=["night"])
    llm.complete("a")
    assert len(ASKED) == 2


def test_a_condition_decides_what_is_kept(store: Spot) -> None:
    llm = cache_llm(Parrot(), store, cache_if=lambda response: "no" not in response.text)
    for word in ("no", "no", "yes", "yes"):
        llm.complete(word)
    assert ASKED == ["no", "no", "yes"]


def test_a_condition_that_fails_costs_the_user_nothing(store: Spot) -> None:
    llm = cache_llm(Parrot(), store, cache_if=lambda _: 1 / 0 > 0)
    with pytest.warns(CacheSaveWarning, match="ZeroDivisionError"):
        assert llm.complete("a").text == "so a"


def test_an_option_without_content_goes_past_the_cache_and_is_told(llm: Parrot) -> None:
    with pytest.warns(CacheReadWarning, match=r"made no key of a call"):
        assert llm.complete("a", client=threading.Lock(), sink=threading.Lock()).text == "so a"
    assert llm.complete("a", sink=threading.Lock()).text == "so a"
    assert len(ASKED) == 2


def test_where_warnings_are_errors_the_model_is_asked_all_the_same(llm: Parrot, store: Spot) -> None:
    picky = cache_llm(Parrot(), store, cache_if=lambda _: 1 / 0 > 0)
    with warnings.catch_warnings(action="error"):
        assert llm.complete("a", sink=threading.Lock()).text == "so a"
        assert picky.complete("b").text == "so b"


class Changing(Parrot):
    """Gives with each chunk what no two of a real client's have in common."""

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raws = [{"a": 1, "b": [1]}, {"a": 1}, "done", None, {"c": {"d": 2}}]
        return (CompletionResponse(text="x" * place, delta="x", raw=raw) for place, raw in enumerate(raws, 1))


def test_what_a_client_gave_with_each_chunk_is_replayed(store: Spot) -> None:
    llm = cache_llm(Changing(), store)
    first, again = (list(llm.stream_complete("a")) for _ in range(2))
    assert [each.raw for each in again] == [each.raw for each in first]
    assert llm.complete("a").raw == {"c": {"d": 2}}


@dataclass
class Usage:
    total: int


@dataclass
class Reply:
    usage: Usage
    socket: Any = None


def test_of_a_dataclass_that_a_client_gave_the_fields_are_kept(store: Spot) -> None:
    class Raw(Parrot):
        @llm_completion_callback()
        def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            socket = threading.Lock() if prompt == "odd" else None
            replies = [Reply(Usage(place), socket) for place in range(3)]
            return (CompletionResponse(text="x" * reply.usage.total, delta="x", raw=reply) for reply in replies)

    llm = cache_llm(Raw(), store)
    for prompt, total in (("plain", {0, 1, 2}), ("odd", {None})):
        _, again = (list(llm.stream_complete(prompt)) for _ in range(2))
        assert {each.raw and each.raw["usage"]["total"] for each in again} == total


def test_what_is_too_much_of_it_or_can_not_be_kept_is_left_out(store: Spot) -> None:
    class Odd(Parrot):
        @llm_completion_callback()
        def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            raws = [object() if prompt == "odd" else f"{place}" + "x" * MOST_RAW_BYTES for place in range(2)]
            return (CompletionResponse(text="a", delta="a", raw=raw) for raw in (*raws, "last"))

    llm = cache_llm(Odd(), store)
    for prompt in ("odd", "much"):
        first, again = (list(llm.stream_complete(prompt)) for _ in range(2))
        assert [each.delta for each in again] == [each.delta for each in first]
        assert [each.raw for each in again] == [None, None, "last"]


def test_in_a_replay_a_question_without_a_key_is_refused(llm: Parrot, store: Spot) -> None:
    store.mark(len)("recorded")
    with cache_policy("replay_only"), pytest.raises(ReplayMiss, match="key_fn="):
        llm.complete("a", sink=threading.Lock())
    assert ASKED == []


def test_a_key_function_says_what_counts(store: Spot) -> None:
    llm = cache_llm(Parrot(), store, key_fn=lambda asked, options: asked.lower())
    assert llm.complete("Hello", sink=threading.Lock()).text == llm.complete("hELLO").text == "so Hello"


def test_a_model_that_hides_what_it_is_is_refused_with_the_way_out(store: Spot) -> None:
    model = Parrot()
    model._llm = object()
    with pytest.raises(ConfigurationError, match=r"'Parrot'.*object has no content.*; give model_id="):
        cache_llm(model, store)
    assert cache_llm(model, store, model_id="the big one").complete("a").text == "so a"


def test_a_setting_without_content_is_refused_with_the_way_out(store: Spot) -> None:
    class Locked(Parrot):
        lock: Any = None

    with pytest.raises(ConfigurationError, match=r"'Locked'.*give model_id="):
        cache_llm(Locked(lock=threading.Lock()), store)
    assert cache_llm(Locked(lock=threading.Lock()), store, model_id="locked").complete("a").text == "so a"


class Song(BaseModel):
    """A song."""

    title: str


@pytest.mark.parametrize(
    ("model", "options", "wanted"),
    [
        ("gpt-4", {}, "llm got 'gpt-4'; give a model of LlamaIndex"),
        (Parrot(), {"mode": "fast"}, "mode got 'fast'; give one of read_write, read_only"),
        (Parrot(), {"ttl": "soon"}, "soon"),
        (Parrot(), {"cache_if": 1}, "cache_if got 1; give a function"),
        (Parrot(), {"namespace": None}, "namespace got None; give a text"),
        (Parrot(), {"flight_timeout_s": -1}, "flight_timeout_s got -1; give seconds from 0"),
        (Parrot(), {"flight_timeout_s": "1m"}, "flight_timeout_s got '1m'; give seconds from 0"),
        (Parrot().as_structured_llm(Song), {}, "cache the model inside"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(model: Any, options: Any, wanted: str, store: Spot) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        cache_llm(model, store, **options)


def test_a_cached_model_can_be_given_another_cache(store: Spot, tmp_path: Path) -> None:
    once = cache_llm(Parrot(), store)
    other = Spot("other", db=tmp_path / "other.db")
    twice = cache_llm(once, other)
    twice.complete("a")
    assert (len(rows(store)), len(rows(other))) == (0, 1)
    assert type(twice).__bases__[-1] is Parrot
    other.shutdown()


def test_copies_share_the_cache(llm: Parrot) -> None:
    for model in (llm, copy.copy(llm), copy.deepcopy(llm), llm.model_copy()):
        assert model.complete("a").text == "so a"
    assert len(ASKED) == 1


def test_it_can_be_pickled_with_its_cache(tmp_path: Path) -> None:
    llm = cache_llm(Parrot(), tmp_path / "answers.db")
    llm.complete("a")
    again = pickle.loads(pickle.dumps(llm))
    assert (type(again).__name__, isinstance(again, Parrot), again.complete("a").text) == ("Parrot", True, "so a")
    assert len(ASKED) == 1


IN_ANOTHER_PROCESS = """
import sys
from llama_index.callbacks.beautyspot import cache_llm
from llama_index.core.llms import ChatMessage, MockLLM
llm = cache_llm(MockLLM(max_tokens=2), sys.argv[1], mode="replay_only")
print(llm.chat([ChatMessage("hello")]).message.content)
"""


def test_another_process_finds_the_answer(tmp_path: Path) -> None:
    cache_llm(MockLLM(max_tokens=2), tmp_path / "answers.db").chat([ChatMessage("hello")])
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path / "answers.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "text text\n"


@pytest.mark.parametrize(
    ("mode", "asked", "kept"), [("refresh", 3, "third"), ("read_only", 0, "first"), ("off", 3, "first")]
)
def test_a_policy_holds_in_its_block(mode: Any, asked: int, kept: str, llm: Parrot, store: Spot) -> None:
    llm.complete("known")
    ASKED.clear()
    with cache_policy(mode):
        for _ in range(3):
            llm.complete("known")
    assert len(ASKED) == asked
    llm.complete("known")
    assert len(ASKED) == asked


def test_messages_from_an_iterator_reach_the_model(llm: Parrot) -> None:
    said = [llm.chat(ChatMessage(text) for text in "a").message.content for _ in range(2)]
    assert said == [llm.chat([ChatMessage("a")]).message.content] * 2 == ["so user: a\nassistant: "] * 2
    assert len(ASKED) == 1


def generated(said: str, counted: list[Any]) -> MockFunctionCallingLLM:
    def respond(*_: Any, **__: Any) -> ChatMessage:
        counted.append(said)
        return ChatMessage(said, role="assistant")

    return MockFunctionCallingLLM(response_generator=respond)


def test_a_function_that_a_model_hides_counts_and_not_what_it_collects(store: Spot) -> None:
    counted: list[Any] = []
    for said in "abab":
        assert cache_llm(generated(said, counted), store).chat([ChatMessage("q")]).message.content == said
    assert counted == ["a", "b"]


class Hiding(MockLLM):
    """A class as LlamaIndex's for Google, whose settings lie in private attributes."""

    __module__ = "llama_index.llms.hiding"
    _generation_config: Any = PrivateAttr(default=None)
    _client: Any = PrivateAttr(default=None)

    def complete(self, *_: Any, **__: Any) -> Any:
        self._client = object()
        ASKED.append("hiding")
        return CompletionResponse(text=str(self._generation_config))


def test_settings_that_a_class_of_llamaindex_hides_count_and_its_clients_do_not(store: Spot) -> None:
    for size in (1, 2, 1, 2):
        model = Hiding()
        model._generation_config = {"max_output_tokens": size}
        cached = cache_llm(model, store)
        assert cached.complete("q").text == cached.complete("q").text == str({"max_output_tokens": size})
    assert len(ASKED) == 2
    model._generation_config = {"tool": object()}
    with pytest.raises(ConfigurationError, match=r"object has no content.*; give model_id="):
        cache_llm(model, store)


def test_a_policy_that_only_reads_keeps_nothing(llm: Parrot, store: Spot) -> None:
    with cache_policy("read_only"):
        llm.complete("new")
    assert (len(ASKED), rows(store)) == (1, [])


def test_a_refreshed_answer_takes_the_place_of_the_old_one(store: Spot) -> None:
    said = iter("ab")
    llm = cache_llm(MockFunctionCallingLLM(response_generator=lambda *_, **__: ChatMessage(next(said))), store)
    messages = [ChatMessage("hello")]
    assert llm.chat(messages).message.content == "a"
    with cache_policy("refresh"):
        assert llm.chat(messages).message.content == "b"
    assert llm.chat(messages).message.content == "b"


async def test_a_policy_reaches_tasks_and_threads_that_copy_the_context(llm: Parrot) -> None:
    with cache_policy("replay_only"):
        for work in (asyncio.create_task(llm.acomplete("a")), asyncio.to_thread(llm.complete, "a")):
            with pytest.raises(ReplayMiss):
                await work


def test_a_policy_goes_before_the_caches_own_mode_and_ends_with_its_block(store: Spot) -> None:
    llm = cache_llm(Parrot(), store, mode="off")
    with cache_policy("read_write"), cache_policy("read_write"):
        llm.complete("a")
        llm.complete("a")
    llm.complete("a")
    assert len(ASKED) == 2
    with pytest.raises(ConfigurationError, match="mode got 'on'; give one of"), cache_policy("on"):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize("way", WAYS)
async def test_a_hit_is_told_as_a_call_is(way: str, llm: Parrot, hearing: Hearing, ask: Any) -> None:
    """One span and one pair of events; a miss of a `CustomLLM` has one for each call of itself."""
    plain = Parrot()
    with hearing() as usual:
        await ask(plain, way, "abc")
    await ask(llm, way, "abc")
    with hearing() as heard:
        answer = await ask(llm, way, "abc")
    family = "Chat" if way.endswith("chat") else "Completion"
    progress = [f"LLM{family}InProgressEvent"] * (len(answer) if "stream" in way else 0)
    assert heard.names == [f"LLM{family}StartEvent", *progress, f"LLM{family}EndEvent"]
    assert [kind for kind, *_ in heard.spans] == ["begins", "ends"]
    assert heard.spans[0][1] == usual.spans[0][1] == f"Parrot.{way}"
    start, mine = usual.events[0], heard.events[0]
    ignored = {"id_", "timestamp", "span_id", "tags"}
    assert mine.model_dump(exclude=ignored) == start.model_dump(exclude=ignored)


async def test_what_is_told_of_a_hit_says_so(llm: Parrot, store: Spot, hearing: Hearing) -> None:
    await llm.acomplete("a")
    with hearing() as heard:
        await llm.acomplete("a")
    mark = {"cache_hit": True, "cache_key": rows(store)[0].cache_key, "saved_tokens": 7}
    assert all(event.tags == mark and event.span_id.startswith("Parrot.acomplete-") for event in heard.events)
    assert heard.spans[0][2] == mark


def test_events_of_a_miss_tell_the_key(llm: Parrot, store: Spot, hearing: Hearing) -> None:
    with hearing() as heard:
        llm.complete("a")
    assert heard.events[0].tags == {"cache_hit": False, "cache_key": rows(store)[0].cache_key}


@pytest.mark.parametrize("way", WAYS)
async def test_a_miss_is_told_as_without_a_cache(way: str, llm: Parrot, hearing: Hearing, ask: Any) -> None:
    with hearing() as usual:
        await ask(Parrot(), way, "abc")
    with hearing() as heard:
        await ask(llm, way, "abc")
    assert heard.names == usual.names
    assert [each[:2] for each in heard.spans] == [each[:2] for each in usual.spans]


@pytest.mark.parametrize("way", WAYS)
async def test_handlers_of_the_older_system_hear_one_pair_per_hit(
    way: str, llm: Parrot, pairs: BaseCallbackHandler, ask: Any
) -> None:
    await ask(llm, way, "abc")
    llm.callback_manager = CallbackManager([pairs])
    await ask(llm, way, "abc")
    (_, start), (_, end) = pairs.heard  # type: ignore[attr-defined]
    assert {str(key) for key in start} == {str(each) for each in start}
    assert [kind for kind, _ in pairs.heard] == ["start", "end"]  # type: ignore[attr-defined]
    assert "sk-secret" not in repr(start)
    assert len(end) == 2


def test_a_replay_that_is_closed_early_is_told_as_closed(llm: Parrot, hearing: Hearing) -> None:
    list(llm.stream_complete("abc"))
    with hearing() as heard:
        stream = llm.stream_complete("abc")
        next(stream)
        stream.close()
    assert heard.names[-1] == "ExceptionEvent"
    assert isinstance(heard.events[-1].exception, GeneratorExit)


def test_a_damaged_row_is_told_and_asked_anew(llm: Parrot, store: Spot) -> None:
    llm.complete("a")
    [row] = rows(store)
    whole = store.parts.store.db.get(row.cache_key)
    store.parts.store.db.put(row._replace(result_data=whole.result_data[:-3], checksum=None))
    with pytest.warns(CacheReadWarning, match="could not be read"):
        assert llm.complete("a").text == "so a"
    assert len(ASKED) == 2


def test_nothing_but_known_classes_comes_out_of_a_row(llm: Parrot, store: Spot) -> None:
    llm.complete("a")
    [row] = rows(store)
    serializer = store.parts.serializer
    content: Any = serializer.loads(store.parts.store.db.get(row.cache_key).result_data)
    content["raw"] = {"beautyspot:object": ["Popen", {"args": "true"}]}
    store.parts.store.db.put(row._replace(result_data=serializer.dumps(content), checksum=None))
    assert llm.complete("a").raw == {"args": "true"}
    assert len(ASKED) == 1


def test_what_the_client_returned_is_left_out_if_it_can_not_be_kept(store: Spot) -> None:
    class Odd(Parrot):
        @llm_completion_callback()
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            ASKED.append(prompt)
            return CompletionResponse(text="odd", raw=threading.Lock())

    llm = cache_llm(Odd(), store)
    llm.complete("a")
    assert (llm.complete("a").text, llm.complete("a").raw, len(ASKED)) == ("odd", None, 1)


def test_a_model_that_changes_itself_is_told_what_to_do(store: Spot) -> None:
    class Remembering(Parrot):
        last: str = ""

        @llm_completion_callback()
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            self.last = f"{self.last}{prompt}"
            return CompletionResponse(text=self.last)

    llm = cache_llm(Remembering(), store)
    told = r"Remembering changed .*, by its own code \('last'\).* Field\(exclude=True\)"
    with pytest.warns(CacheWarning, match=told):
        llm.complete("a")
    assert llm.complete("a").text == "aa"


def test_an_error_of_the_model_passes_and_counts(store: Spot) -> None:
    class Broken(Parrot):
        @llm_completion_callback()
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            raise ConnectionError("gone")

    llm = cache_llm(Broken(), store)
    for _ in range(2):
        with pytest.raises(ConnectionError, match="gone"):
            llm.complete("a")
    assert store.parts.journal.tally("llama_index.Broken.parrot-1").info()[:3] == (0, 0, 2)


def test_wrong_arguments_are_the_methods_own_trouble(llm: Parrot) -> None:
    with pytest.raises(TypeError):
        llm.complete()  # type: ignore[call-arg]


def test_dispatchers_are_left_as_they_were() -> None:
    root = get_dispatcher()
    assert all(type(handler).__module__.partition(".")[0] != "conftest" for handler in root.event_handlers)
