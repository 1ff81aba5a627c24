"""The cache of language models under LlamaIndex's own OpenAI class, against a server that speaks the API."""

import asyncio
import base64
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import httpx
import openai as openai_client
import pytest
from beautyspot import ConfigurationError, Spot
from llama_index.callbacks.beautyspot import ReplayMiss, cache_llm, cache_policy
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse, ImageBlock, MockLLM, TextBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI, OpenAIResponses
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent, response_output_text
from pydantic import BaseModel
from servers.openai_api import HANG_UP, OpenAIAPI

pytestmark = [
    pytest.mark.external_service,
    # Of the host's own making.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning"),
]
Make = Callable[..., OpenAI]
FAMILIES = {
    verb: [f"{a}{stream}{verb}" for stream in ("", "stream_") for a in ("", "a")] for verb in ("chat", "complete")
}
WAYS = [*FAMILIES["chat"], *FAMILIES["complete"]]
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Song(BaseModel):
    """A song."""

    title: str
    verses: int


def text_of(response: Any) -> str:
    return getattr(response, "text", None) or response.message.content


@pytest.fixture
def llm(openai: Make, store: Spot) -> OpenAI:
    return cache_llm(openai(), store)


@pytest.mark.parametrize("way", WAYS)
async def test_the_second_call_of_each_entry_point_asks_nobody(way: str, llm: OpenAI, openai_api: OpenAIAPI, ask: Any):
    first = await ask(llm, way, "hello there")
    again = await ask(llm, way, "hello there")
    assert openai_api.calls == 1
    assert text_of(first[-1]) == text_of(again[-1]) == "answer to hello there"
    assert [each.delta for each in again] == [each.delta for each in first]


@pytest.mark.parametrize("way", ["stream_chat", "astream_complete"])
async def test_each_chunk_comes_back_with_what_the_client_gave(way: str, llm: OpenAI, ask: Any):
    first, again = [await ask(llm, way, "hello there") for _ in range(2)]
    assert {type(each.raw) for each in again} == {type(first[0].raw)}
    assert [each.raw for each in again] == [each.raw for each in first]


@pytest.mark.parametrize("verb", FAMILIES)
@pytest.mark.parametrize("place", range(4))
async def test_one_answer_serves_all_four_kinds(verb: str, place: int, llm: OpenAI, openai_api: OpenAIAPI, ask: Any):
    ways = FAMILIES[verb][place:] + FAMILIES[verb][:place]
    for way in ways:
        assert text_of((await ask(llm, way, "who is it"))[-1]) == "answer to who is it"
    assert openai_api.calls == 1


def test_the_model_stays_of_its_class_and_the_given_one_stays_as_it_was(
    openai: Make, store: Spot, openai_api: OpenAIAPI
):
    given = openai()
    llm = cache_llm(given, store)
    assert isinstance(llm, OpenAI)
    assert (llm.model, llm.metadata, llm.to_dict()) == (given.model, given.metadata, given.to_dict())
    given.complete("a")
    given.complete("a")
    assert openai_api.calls == 2


def test_a_changed_setting_is_another_question(llm: OpenAI, openai_api: OpenAIAPI):
    llm.complete("a")
    llm.temperature = 0.9
    llm.complete("a")
    llm.additional_kwargs["seed"] = 7
    llm.complete("a")
    llm.complete("a", stop=["b"])
    assert openai_api.calls == 4


def test_key_timeout_and_headers_are_no_part_of_the_question(openai: Make, store: Spot, openai_api: OpenAIAPI):
    for options in ({}, {"api_key": "sk-other"}, {"timeout": 5.0}, {"default_headers": {"x": "y"}}, {"max_retries": 1}):
        cache_llm(openai(**options), store).complete("a")
    assert openai_api.calls == 1
    other = openai(api_base=openai_api.url + "/")
    cache_llm(other, store).complete("a")
    assert openai_api.calls == 2


def test_how_long_a_call_may_take_is_no_part_of_the_question(llm: OpenAI, openai_api: OpenAIAPI):
    for timeout in (5.0, 6.0):
        llm.complete("a", timeout=timeout)
    assert openai_api.calls == 1


def test_no_secret_reaches_the_file(openai: Make, store: Spot, tmp_path: Path):
    llm = cache_llm(openai(default_headers={"authorization": "Bearer sk-header"}), store)
    llm.chat([ChatMessage("hello")])
    store.flush()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"gpt-4o-mini" in written
    assert b"sk-" not in written


def test_what_the_client_returned_comes_back_as_its_class(llm: OpenAI):
    first, again = (llm.chat([ChatMessage("hello")]) for _ in range(2))
    assert type(again.raw) is type(first.raw)
    assert again == first
    assert again.raw.usage == first.raw.usage


def test_answers_that_are_given_are_nobody_elses(llm: OpenAI):
    llm.chat([ChatMessage("hello")])
    first = llm.chat([ChatMessage("hello")])
    first.message.blocks.clear()
    assert llm.chat([ChatMessage("hello")]).message.content == "answer to hello"


@pytest.mark.parametrize("way", WAYS)
async def test_an_error_is_the_callers_and_nothing_is_kept(way: str, llm: OpenAI, openai_api: OpenAIAPI, ask: Any):
    openai_api.fail(500)
    with pytest.raises(openai_client.APIStatusError):
        await ask(llm, way, "hello")
    await ask(llm, way, "hello")
    await ask(llm, way, "hello")
    assert openai_api.calls == 2


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
async def test_a_broken_stream_is_not_kept(way: str, llm: OpenAI, openai_api: OpenAIAPI, ask: Any):
    openai_api.fail(HANG_UP)
    with pytest.raises((httpx.HTTPError, openai_client.APIConnectionError)):
        await ask(llm, way, "a b c d e f")
    assert text_of((await ask(llm, way, "a b c d e f"))[-1]) == "answer to a b c d e f"
    assert openai_api.calls == 2


def test_a_stream_that_is_closed_early_is_not_kept(llm: OpenAI, openai_api: OpenAIAPI):
    stream = llm.stream_chat([ChatMessage("a b c d")])
    next(stream)
    stream.close()
    assert len(list(llm.stream_chat([ChatMessage("a b c d")]))) > 1
    assert openai_api.calls == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a b c d", {"max_tokens": 2}),
        ("a b c d", {"max_tokens": 2, "stream_options": {"include_usage": True}}),  # in a chunk behind the reason
        ("filter this", {}),
        ("say nothing", {}),
    ],
)
async def test_an_answer_that_is_not_whole_is_not_kept(
    way: str, text: str, options: dict[str, Any], llm: OpenAI, openai_api: OpenAIAPI, ask: Any
):
    for _ in range(2):
        await ask(llm, way, text, **options)
    assert openai_api.calls == 2


def test_without_a_condition_every_answer_is_kept(openai: Make, store: Spot, openai_api: OpenAIAPI):
    llm = cache_llm(openai(), store, cache_if=None)
    for _ in range(2):
        llm.complete("a b c d", max_tokens=2)
    assert openai_api.calls == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_hit_takes_nothing_from_the_limiter(way: str, openai: Make, store: Spot, ask: Any, counter: Any):
    model = openai()
    model.rate_limiter = counter
    llm = cache_llm(model, store)
    for _ in range(3):
        await ask(llm, way, "hello")
    assert counter.acquired == 1


def test_threads_that_ask_the_same_at_once_make_one_call(llm: OpenAI, openai_api: OpenAIAPI):
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(llm.complete("hello").text)) for _ in range(6)]
    with openai_api.held():
        for thread in threads:
            thread.start()
        openai_api.wait_for(1)
    for thread in threads:
        thread.join()
    assert (answers, openai_api.calls) == (["answer to hello"] * 6, 1)


@pytest.mark.parametrize("way", ["achat", "astream_chat", "acomplete"])
async def test_tasks_that_ask_the_same_at_once_make_one_call(
    way: str, openai: Make, store: Spot, openai_api: OpenAIAPI, ask: Any, counter: Any
):
    model = openai()
    model.rate_limiter = counter
    llm = cache_llm(model, store)
    answers = await asyncio.gather(*(ask(llm, way, "hello") for _ in range(6)))
    assert {text_of(each[-1]) for each in answers} == {"answer to hello"}
    assert (openai_api.calls, counter.acquired) == (1, 1)


async def test_a_cancelled_task_lets_the_next_one_ask(llm: OpenAI, openai_api: OpenAIAPI):
    with openai_api.held():
        first = asyncio.create_task(llm.acomplete("hello"))
        await asyncio.to_thread(openai_api.wait_for, 1)
        second = asyncio.create_task(llm.acomplete("hello"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.to_thread(openai_api.wait_for, 2)
    assert (await second).text == "answer to hello"
    with pytest.raises(asyncio.CancelledError):
        await first


def test_who_waits_for_too_long_asks_alone(openai: Make, tmp_path: Path, openai_api: OpenAIAPI):
    spot = Spot("patient", db=tmp_path / "patient.db")
    llm = cache_llm(openai(), spot, flight_timeout_s=0.05)
    with openai_api.held():
        threads = [threading.Thread(target=llm.complete, args=("hello",)) for _ in range(2)]
        for thread in threads:
            thread.start()
        openai_api.wait_for(2)
    for thread in threads:
        thread.join()
    spot.shutdown()


def agent_of(llm: OpenAI, used: list[int], *, streaming: bool = True) -> FunctionAgent:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        used.append(a)
        return a + b

    return FunctionAgent(tools=[FunctionTool.from_defaults(add)], llm=llm, streaming=streaming)


@pytest.mark.parametrize("streaming", [True, False])
async def test_the_second_run_of_an_agent_asks_nobody(streaming: bool, llm: OpenAI, openai_api: OpenAIAPI):
    used: list[int] = []
    said = [str(await agent_of(llm, used, streaming=streaming).run('use add {"a": 1, "b": 2}')) for _ in range(2)]
    assert said == ["answer to what the tool said: 3"] * 2
    assert (openai_api.calls, used) == (2, [1, 1])


async def test_an_agents_second_turn_is_found_after_its_first_was_made_anew(llm: OpenAI, openai_api: OpenAIAPI):
    """The provider then gives the call of the tool another id."""
    await agent_of(llm, []).run('use add {"a": 1, "b": 2}')
    messages = [ChatMessage('use add {"a": 1, "b": 2}')]
    tools = agent_of(llm, []).tools
    with cache_policy("refresh"):
        turn = llm.chat_with_tools(tools, chat_history=messages)  # pyright: ignore[reportArgumentType]
    [call] = llm.get_tool_calls_from_response(turn)
    result = ChatMessage("3", role="tool", additional_kwargs={"tool_call_id": call.tool_id})
    before = openai_api.calls
    first = llm.chat([*messages, turn.message, result])
    turn.message.blocks[-1].tool_call_id = result.additional_kwargs["tool_call_id"] = "call_new"  # type: ignore[union-attr]
    again = llm.chat([*messages, turn.message, result])
    assert openai_api.calls == before + 1
    assert first.message.content == again.message.content == "answer to what the tool said: 3"


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4"])
def test_objects_that_are_predicted_come_from_the_cache(model: str, openai: Make, store: Spot, openai_api: OpenAIAPI):
    """With a JSON schema where the model takes one."""
    llm = cache_llm(openai(model=model), store)
    text = "{subject}" if model == "gpt-4o-mini" else 'use Song {"title": "{subject}", "verses": 5}'
    songs = [llm.structured_predict(Song, PromptTemplate(text), subject="crows") for _ in range(2)]
    assert songs == [Song(title="crows", verses=5)] * 2
    assert openai_api.calls == 1


def test_streamed_objects_come_from_the_cache(llm: OpenAI, openai_api: OpenAIAPI):
    prompt = PromptTemplate("{subject}")
    songs = [list(llm.stream_structured_predict(Song, prompt, subject="crows"))[-1] for _ in range(2)]
    assert songs == [Song(title="crows", verses=5)] * 2
    assert openai_api.calls == 1


def test_another_schema_is_another_question(llm: OpenAI, openai_api: OpenAIAPI):
    class Tune(BaseModel):
        title: str

    prompt = PromptTemplate("{subject}")
    llm.structured_predict(Song, prompt, subject="crows")
    assert llm.structured_predict(Tune, prompt, subject="crows") == Tune(title="crows")
    assert openai_api.calls == 2


def test_as_a_structured_model_it_asks_once(llm: OpenAI, openai_api: OpenAIAPI):
    songs = [llm.as_structured_llm(Song).chat([ChatMessage("crows")]).raw for _ in range(2)]
    assert songs == [Song(title="crows", verses=5)] * 2
    assert openai_api.calls == 1


def test_a_picture_is_the_same_in_a_file_and_in_memory(llm: OpenAI, openai_api: OpenAIAPI, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(PIXEL)
    for picture in (
        ImageBlock(path=tmp_path / "a.png"),
        ImageBlock(image=PIXEL),
        ImageBlock(image=base64.b64encode(PIXEL)),
    ):
        llm.chat([ChatMessage(blocks=[TextBlock(text="what is this"), picture])])
    assert openai_api.calls == 1


def test_a_picture_counts_by_its_bytes(llm: OpenAI, openai_api: OpenAIAPI, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(PIXEL)
    (tmp_path / "b.png").write_bytes(PIXEL)
    (tmp_path / "c.png").write_bytes(PIXEL + b"\0")
    for name in ("a", "b", "c"):
        picture = ImageBlock(path=tmp_path / f"{name}.png")
        llm.chat([ChatMessage(blocks=[TextBlock(text="what is this"), picture])])
    assert openai_api.calls == 2
    (tmp_path / "a.png").write_bytes(PIXEL + b"\1")
    llm.chat([ChatMessage(blocks=[TextBlock(text="what is this"), ImageBlock(path=tmp_path / "a.png")])])
    assert openai_api.calls == 3


def test_a_query_engine_asks_once(llm: OpenAI, openai_api: OpenAIAPI):
    documents = [Document(text=text) for text in ("The crow is black.", "The dove is white.")]
    index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(4))
    for mode in ("compact", "refine", "tree_summarize"):
        engine = index.as_query_engine(llm=llm, response_mode=mode)
        before = openai_api.calls
        first = str(engine.query("What is black?"))
        asked = openai_api.calls
        assert (str(engine.query("What is black?")), openai_api.calls) == (first, asked)
        assert asked > before or mode == "refine"


def test_a_replay_asks_nobody(llm: OpenAI, openai_api: OpenAIAPI):
    llm.complete("known")
    with cache_policy("replay_only"):
        assert llm.complete("known").text == "answer to known"
        with pytest.raises(ReplayMiss, match=r"'unknown' .* 'replay_only'; ask it once"):
            llm.complete("unknown")
    assert openai_api.calls == 1


def test_tokens_of_a_stream_are_counted(llm: OpenAI, store: Spot):
    for _ in range(3):
        list(llm.stream_complete("hello", stream_options={"include_usage": True}))
    store.flush()
    [row] = list(store.parts.store.db.read_activity())  # type: ignore[attr-defined]
    assert row.tokens_saved == 2 * row.tokens_spent > 0


def test_tokens_and_seconds_are_counted(llm: OpenAI, store: Spot):
    for _ in range(3):
        llm.complete("hello")
    store.flush()
    [row] = list(store.parts.store.db.read_activity())  # type: ignore[attr-defined]
    assert row.func_name == "llama_index.OpenAI.gpt-4o-mini"
    assert (row.hits, row.misses) == (2, 1)
    assert row.tokens_saved == 2 * row.tokens_spent > 0


@pytest.fixture
def responses(openai_api: OpenAIAPI, store: Spot) -> OpenAIResponses:
    model = OpenAIResponses(model="gpt-4o-mini", api_base=openai_api.url, api_key="sk-secret", max_retries=0)
    return cache_llm(model, store)


@pytest.mark.parametrize("way", FAMILIES["chat"])
async def test_the_other_api_of_the_provider_works_as_well(
    way: str, responses: OpenAIResponses, openai_api: OpenAIAPI, ask: Any
):
    first, again = [(await ask(responses, way, "who is it"))[-1] for _ in range(2)]
    assert openai_api.calls == 1
    assert again.message == first.message
    assert type(again.raw) is type(first.raw)
    assert again.additional_kwargs["usage"].total_tokens == first.additional_kwargs["usage"].total_tokens


@pytest.mark.parametrize("way", ["stream_chat", "astream_chat", "stream_complete", "astream_complete"])
async def test_each_event_of_the_other_api_comes_back_as_it_came(way: str, responses: OpenAIResponses, ask: Any):
    first, again = [await ask(responses, way, "hello there") for _ in range(2)]
    assert {each.raw.type for each in again} >= {"response.output_text.delta", "response.completed"}
    types = [[(type(each.raw), type(getattr(each.raw, "item", None))) for each in chunks] for chunks in (first, again)]
    assert types[0] == types[1]
    assert [each.raw for each in again] == [each.raw for each in first]
    assert [shown(each) for each in again] == [shown(each) for each in first]


def shown(chunk: Any) -> tuple[str, str | None, dict[str, Any]]:
    text = chunk.text if isinstance(chunk, CompletionResponse) else chunk.message.content or ""
    return text, chunk.delta, chunk.additional_kwargs


def test_a_stream_of_all_that_was_said_so_far_comes_back_so_whatever_its_last_chunks_lack(store: Spot):
    class Saying(MockLLM):
        def stream_complete(self, *_: Any, **__: Any) -> Any:
            for text, delta in [("a", "a"), ("ab", "b"), ("", ""), ("", ""), ("", "")]:
                yield CompletionResponse(text=text, delta=delta)

    llm = cache_llm(Saying(), store)
    first, again = [[chunk.text for chunk in llm.stream_complete("q")] for _ in range(2)]
    assert again[:2] == first[:2] == ["a", "ab"]


class Streaming(MockLLM):
    """Gives every event and item that OpenAI's other API knows, in one stream."""

    def stream_chat(self, messages: Any, **_: Any) -> Any:
        items = get_args(get_args(ResponseOutputItem)[0])
        notes = get_args(get_args(response_output_text.Annotation)[0])
        for event in get_args(get_args(ResponseStreamEvent)[0]):
            given = [each.construct(type="odd") for each in (event, *items, *notes)]
            yield ChatResponse(message=ChatMessage("a", role="assistant"), delta="a", raw={"given": given})


def test_no_class_of_the_other_api_comes_back_as_another(store: Spot):
    llm = cache_llm(Streaming(), store)
    first, again = [list(llm.stream_chat([ChatMessage("q")])) for _ in range(2)]
    assert [each.raw for each in again] == [each.raw for each in first]
    types = [[type(given) for given in each.raw["given"]] for each in again]
    assert types == [[type(given) for given in each.raw["given"]] for each in first]


def test_a_model_whose_answers_hang_on_earlier_calls_is_refused(responses: OpenAIResponses, store: Spot):
    with pytest.raises(ConfigurationError, match=r"track_previous_responses=True.*; set it to False"):
        cache_llm(responses.model_copy(update={"track_previous_responses": True}), store)


@pytest.mark.parametrize("way", WAYS)
async def test_a_server_keeps_answers_too(way: str, openai: Make, redis_url: str, openai_api: OpenAIAPI, ask: Any):
    spot = Spot("far", db=redis_url)
    llm = cache_llm(openai(), spot)
    answers = await asyncio.gather(*(ask(llm, way, "hello") for _ in range(1 if way in ("chat", "complete") else 3)))
    answers.append(await ask(llm, way, "hello"))
    assert {text_of(each[-1]) for each in answers} == {"answer to hello"}
    assert openai_api.calls == 1 or not way.startswith("a")
    spot.shutdown()


async def test_a_call_on_an_event_loop_never_waits_for_its_own_loop(llm: OpenAI, openai_api: OpenAIAPI):
    with openai_api.held():
        first = asyncio.create_task(llm.acomplete("hello"))
        await asyncio.to_thread(openai_api.wait_for, 1)
    assert llm.complete("hello").text == "answer to hello"
    assert (await first).text == "answer to hello"


def test_arguments_may_be_named(llm: OpenAI, openai_api: OpenAIAPI):
    for _ in range(2):
        llm.chat(messages=[ChatMessage("hello")])
        llm.complete(prompt="hello", formatted=True)
    llm.chat([ChatMessage("hello")])
    assert openai_api.calls == 2


ANOTHER = """
import sys
from llama_index.callbacks.beautyspot import cache_llm
from llama_index.llms.openai import OpenAI
llm = cache_llm(OpenAI(model="gpt-4o-mini", api_base=sys.argv[1], api_key="sk-secret", max_retries=0), sys.argv[2])
print(llm.complete("hello").text)
"""


def test_processes_that_ask_the_same_at_once_make_one_call(openai: Make, openai_api: OpenAIAPI, tmp_path: Path):
    path = str(tmp_path / "answers.db")
    command = [sys.executable, "-c", ANOTHER, openai_api.url, path]
    llm = cache_llm(openai(), path)
    with ExitStack() as held, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        held.enter_context(openai_api.held())
        openai_api.wait_for(1)
        with ThreadPoolExecutor() as pool:
            ours = pool.submit(llm.complete, "hello")
            with pytest.raises(TimeoutError):
                ours.result(0.1)
            held.close()
            answers = [ours.result().text, other.communicate(timeout=60)[0].strip()]
    assert (answers, openai_api.calls) == (["answer to hello"] * 2, 1)
