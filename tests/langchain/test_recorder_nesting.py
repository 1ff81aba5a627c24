"""Models that ask other models: what a server counted is counted once."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, BeautySpotCallbackHandler, CacheMiddleware, record_runs
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import add_usage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai import InternalServerError
from pydantic import SecretStr
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service
Make = Callable[..., Any]


class Router(BaseChatModel):
    """Asks one of its models, or all of them, and gives the first answer with its usage, as such models do."""

    models: list[Any]
    at_once: bool = False

    @property
    def _llm_type(self) -> str:
        return "router"

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        if self.at_once:
            with ThreadPoolExecutor(len(self.models)) as pool:
                asked = [pool.submit(copy_context().run, each.invoke, messages) for each in self.models]
                answers = [each.result() for each in asked]
        else:
            answers = [self.models[0].invoke(messages)]
        return ChatResult(generations=[ChatGeneration(message=answers[0])])

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        asked = self.models if self.at_once else self.models[:1]
        answers = await asyncio.gather(*(each.ainvoke(messages) for each in asked))
        return ChatResult(generations=[ChatGeneration(message=answers[0])])


class Streaming(Router):
    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield from (ChatGenerationChunk(message=each) for each in self.models[0].stream(messages))

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        async for each in self.models[0].astream(messages):
            yield ChatGenerationChunk(message=each)


class TextRouter(LLM):
    model: Any

    @property
    def _llm_type(self) -> str:
        return "router of texts"

    def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
        return self.model.invoke(prompt).text


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[BeautySpotCallbackHandler]:
    with record_runs(tmp_path / "runs.db") as recorder:
        yield recorder


def counted(recorder: BeautySpotCallbackHandler) -> tuple[int, int]:
    """Return how many calls are in the sums, and how many rows of models are."""
    return recorder.totals().calls, sum(row.kind == "llm" for row in recorder.rows())


def of_one(chat: Make) -> int:
    return chat().invoke("hello").usage_metadata["total_tokens"]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_model_that_asks_others_is_a_row_and_in_no_sum(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI, at_once: bool
) -> None:
    Router(models=[chat(), chat()], at_once=at_once).invoke("hello")
    calls = openai_api.calls
    each = of_one(chat)
    assert counted(recorder) == (calls + 1, calls + 2)
    assert recorder.totals().spent_tokens == (calls + 1) * each


@pytest.mark.parametrize("at_once", [False, True])
async def test_tasks_of_a_model_that_asks_others_count_once(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI, at_once: bool
) -> None:
    await Router(models=[chat(), chat()], at_once=at_once).abatch(["hello", "again"])
    assert counted(recorder) == (openai_api.calls, openai_api.calls + 2)


async def test_a_stream_that_hands_another_on_counts_once(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    router = Streaming(models=[chat()])
    assert "".join(each.text for each in router.stream("hello")) == "answer to hello"
    assert "".join([each.text async for each in router.astream("hello")]) == "answer to hello"
    assert counted(recorder) == (openai_api.calls, 2 * openai_api.calls) == (2, 4)


def test_who_asks_a_model_between_the_chunks_of_another_asks_for_himself(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    for chunk in chat().stream("hello"):
        chat().invoke(f"what is {chunk.text!r}?")
    assert counted(recorder) == (openai_api.calls, openai_api.calls)


@pytest.mark.parametrize("kind", ["chat", "text_model"])
def test_the_prompts_of_a_batch_do_not_ask_each_other(
    recorder: BeautySpotCallbackHandler, request: pytest.FixtureRequest, kind: str
) -> None:
    model = request.getfixturevalue(kind)()
    model.generate(["a", "b"] if kind == "text_model" else [[HumanMessage("a")], [HumanMessage("b")]])
    model.invoke("c")
    assert counted(recorder) == (3, 3)


def test_models_within_models_count_where_the_server_is_asked(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    TextRouter(model=Router(models=[Router(models=[chat()])])).generate(["a", "b"])
    assert counted(recorder) == (openai_api.calls, 8) == (2, 8)


def test_a_hit_of_an_agent_within_a_model_is_saved_once(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI, tmp_path: Path
) -> None:
    class Agent(Router):
        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
            answer = create_agent(chat(), middleware=[cache]).invoke({"messages": messages})["messages"][-1]
            return ChatResult(generations=[ChatGeneration(message=answer)])

    cache = CacheMiddleware(tmp_path / "answers.db")
    for _ in range(2):
        Agent(models=[]).invoke("hello")
    totals = recorder.totals()
    assert (openai_api.calls, totals.calls, totals.hits) == (1, 2, 1)
    assert totals.spent_tokens == totals.saved_tokens > 0


@pytest.mark.parametrize("kind", ["ours", "langchain's"])
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("anew", [False, True])
def test_a_hit_that_another_model_hands_on_is_saved_once(
    chat: Make, recorder: BeautySpotCallbackHandler, tmp_path: Path, kind: str, at_once: bool, anew: bool
) -> None:
    class Anew(Router):
        def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
            given: Any = super()._generate(*args, **kwargs).generations[0].message
            message = AIMessage(given.content, usage_metadata=given.usage_metadata)
            return ChatResult(generations=[ChatGeneration(message=message)])

    inner = chat(cache=BeautySpotCache(tmp_path / "c.db") if kind == "ours" else InMemoryCache())
    router = (Anew if anew else Router)(models=[inner], at_once=at_once and kind == "ours" and not anew)
    for _ in range(3):
        router.invoke("q", config={"callbacks": [recorder]})
    totals, spent = recorder.totals(), recorder.rows()[0].input_tokens
    assert spent
    assert (totals.calls, totals.hits, totals.saved_tokens) == (3, 2, totals.spent_tokens * 2)
    assert len(recorder.rows()) == 6


async def test_a_model_that_is_asked_after_another_was_cut_counts_for_itself(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    with openai_api.held(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await chat().ainvoke("slow")
    await chat().ainvoke("hello")
    assert sum(row.status == "ok" and not row.nested for row in recorder.rows()) == 1


class Judge(BaseCallbackHandler):
    """Asks a model of its own when another begins, or is answered."""

    run_inline = True

    def __init__(self, model: Any, *, at_start: bool = False) -> None:
        self.model, self.at_start = model, at_start

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        if self.at_start:
            self.model.invoke("judge", {"callbacks": []})

    def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        if not self.at_start:
            self.model.invoke("judge")


@pytest.mark.parametrize("at_start", [False, True])
async def test_what_a_handler_asks_is_a_call_beside_that_it_hears_of(
    recorder: BeautySpotCallbackHandler, at_start: bool
) -> None:
    model = FakeListChatModel(
        responses=["yes"], callbacks=[Judge(FakeListChatModel(responses=["yes"]), at_start=at_start)]
    )
    model.invoke("hello")
    await model.ainvoke("hello")
    assert list(model.stream("hello"))
    assert counted(recorder) == (6, 6)


def test_what_a_condition_of_the_cache_asks_is_a_call_beside_the_kept_one(
    recorder: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    judge = FakeListChatModel(responses=["yes"])
    cache = BeautySpotCache(tmp_path / "answers.db", cache_if=lambda _: judge.invoke("good?").text == "yes")
    model = FakeListChatModel(responses=["yes"], cache=cache)
    model.invoke("hello")
    model.invoke("hello")
    assert (counted(recorder), recorder.totals().hits) == ((3, 3), 1)


def test_a_hit_that_is_judged_stays_a_hit(chat: Make, recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    model = chat(cache=BeautySpotCache(tmp_path / "answers.db"))
    model.invoke("hello")
    model.callbacks = [Judge(chat())]
    model.invoke("hello")
    totals = recorder.totals()
    assert (totals.calls, totals.hits, totals.saved_tokens) == (3, 1, of_one(chat))


def test_a_model_that_has_another_prepare_its_question_counts_as_well(
    openai_api: OpenAIAPI, chat: Make, recorder: BeautySpotCallbackHandler
) -> None:
    class Own(ChatOpenAI):
        helper: Any

        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
            self.helper.invoke(messages)
            return super()._generate(messages, *args, **kwargs)

    Own(helper=chat(), model="gpt-test", base_url=openai_api.url, api_key=SecretStr("k")).invoke("hello")
    assert counted(recorder) == (openai_api.calls, openai_api.calls) == (2, 2)
    assert recorder.totals().spent_tokens == 2 * of_one(chat)


class Rewriting(Router):
    """Makes a message of its own of what others said."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        answers = [each.invoke(messages) for each in self.models]
        took = add_usage(*(each.usage_metadata for each in answers)) if len(answers) > 1 else None
        text = " and ".join(each.text for each in answers)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text, usage_metadata=took))])


@pytest.mark.parametrize("models", [1, 2])
def test_a_message_made_anew_of_the_answers_of_others_counts_once(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI, models: int
) -> None:
    Rewriting(models=[chat()] * models).invoke("hello")
    assert counted(recorder) == (openai_api.calls, models + 1) == (models, models + 1)


def test_a_model_that_fails_as_the_one_it_asked_is_one_error(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    openai_api.fail(500)
    with pytest.raises(InternalServerError):
        Router(models=[chat()]).invoke("hello")
    assert (recorder.totals().calls, recorder.totals().errors) == (1, 1)


def test_each_text_of_a_batch_that_fails_is_an_error(
    text_model: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI
) -> None:
    openai_api.fail(500)
    with pytest.raises(InternalServerError):
        text_model().generate(["a", "b"])
    assert (recorder.totals().calls, recorder.totals().errors) == (2, 2)


def test_each_of_two_recorders_counts_a_model_that_asks_another_once(
    chat: Make, recorder: BeautySpotCallbackHandler, openai_api: OpenAIAPI, tmp_path: Path
) -> None:
    own = BeautySpotCallbackHandler(tmp_path / "own.db")
    Router(models=[Router(models=[chat(callbacks=[own])])]).invoke("hello")
    assert (counted(recorder), counted(own)) == ((1, 3), (1, 1))
    of_router = BeautySpotCallbackHandler(tmp_path / "router.db")
    Router(models=[chat()], callbacks=[of_router]).invoke("hello")
    assert counted(of_router) == (1, 1)
    assert counted(recorder) == (openai_api.calls, 5)


class Held(Router):
    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        self.models[0]()
        await asyncio.Event().wait()
        raise AssertionError


async def test_calls_that_time_out_in_a_task_that_goes_on_are_rows_at_once(recorder: BeautySpotCallbackHandler) -> None:
    for _ in range(3):
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as limit:
                await Held(models=[lambda limit=limit: limit.reschedule(0)]).ainvoke("slow")
    await asyncio.sleep(0)  # the event loop itself holds the last call until its next turn
    gc.collect()
    assert [(row.status, row.nested) for row in recorder.rows()] == [("cancelled", False)] * 3
    assert not recorder.recorder.is_open()
