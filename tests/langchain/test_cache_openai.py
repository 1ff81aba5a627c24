"""Real clients of langchain-openai before a real server, with the cache between them."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from beautyspot.errors import CacheReadWarning
from beautyspot.records import TaskFilter
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, computed_field, field_validator
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service
Make = Callable[..., Any]


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def converse(model: Any, *questions: str) -> list[AnyMessage]:
    """Ask one after the other, each with everything before it."""
    history: list[AnyMessage] = []
    for question in questions:
        history.append(HumanMessage(question))
        history.append(model.invoke(history))
    return history


def texts(messages: list[AnyMessage]) -> list[str]:
    return [message.text for message in messages]


def test_a_second_invoke_asks_nobody_and_says_the_same(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    first, second = (chat().invoke("hello") for _ in range(2))
    assert openai_api.calls == 1
    assert first.text == second.text == "answer to hello"
    assert second.response_metadata == first.response_metadata
    assert second.usage_metadata == {**first.usage_metadata, "total_cost": 0}
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.errors) == (1, 1, 0)
    assert stats.saved_tokens == stats.spent_tokens == first.usage_metadata["total_tokens"]


@pytest.mark.parametrize("api", ["chat completions", "responses"])
def test_every_turn_of_a_conversation_hits_in_its_second_run(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, api: str
):
    model = chat(use_responses_api=api == "responses")
    runs = [texts(converse(model, "one", "two", "three", "four")) for _ in range(2)]
    assert runs[0] == runs[1]
    assert (openai_api.calls, cache.stats().hits) == (4, 4)


async def test_async_conversations_hit_the_answers_of_sync_ones(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat()
    converse(model, "one", "two")
    history: list[AnyMessage] = [HumanMessage("one")]
    history.append(await model.ainvoke(history))
    history.append(HumanMessage("two"))
    assert (await model.ainvoke(history)).text == "answer to two"
    assert openai_api.calls == 2


def test_tool_calls_come_back_whole_and_their_conversation_hits(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat().bind_tools([add])
    for _ in range(2):
        asked = HumanMessage('use add {"a": 1, "b": 2}')
        called = model.invoke([asked])
        assert (called.tool_calls[0]["name"], called.tool_calls[0]["args"]) == ("add", {"a": 1, "b": 2})
        result = add.invoke(called.tool_calls[0])
        assert isinstance(result, ToolMessage)
        assert model.invoke([asked, called, result]).text == "answer to what the tool said: 3"
    assert openai_api.calls == 2


def test_other_tools_are_another_question(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    chat().invoke("hello")
    chat().bind_tools([add]).invoke("hello")
    chat(temperature=0.5).invoke("hello")
    chat().invoke("hello", stop=["x"])
    assert openai_api.calls == 4


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


def test_structured_output_comes_back_as_its_class_and_goes_on_hitting(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat().with_structured_output(Person, include_raw=True)
    for _ in range(2):
        given = model.invoke("Ada")
        assert given["parsed"] == Person(name="Ada", age=3)
        following = chat().invoke([HumanMessage("Ada"), given["raw"], HumanMessage("more")])
        assert following.text == "answer to more"
    assert openai_api.calls == 2


class Shade(Enum):
    RED = "red"


class Loud(BaseModel):
    """What validates its dump as another object, or not at all."""

    model_config = ConfigDict(extra="forbid")
    percent: int
    shade: Shade
    key: SecretStr
    full_name: str = Field(alias="fullName")

    @field_validator("percent")
    @classmethod
    def _in_percent(cls, value: int) -> int:
        return value * 100

    @computed_field
    @property
    def shout(self) -> str:
        """Make it loud."""
        return self.full_name.upper()


@pytest.mark.parametrize("question", ["Ada", 'use Loud {"percent": 3, "shade": "red", "key": "k", "fullName": "Ada"}'])
@pytest.mark.parametrize("options", [{}, {"use_responses_api": True}], ids=["chat", "responses"])
def test_a_hit_is_parsed_as_the_call_was(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, question: str, options: dict[str, Any]
):
    method = "json_schema" if question == "Ada" else "function_calling"
    model = chat(**options).with_structured_output(Loud, method=method, include_raw=True)
    given = [model.invoke(question) for _ in range(2)]
    assert given[0]["parsing_error"] is given[1]["parsing_error"] is None
    assert given[0]["parsed"] == given[1]["parsed"]
    assert (given[1]["parsed"].percent, given[1]["parsed"].shade) == (300, Shade.RED)
    assert (openai_api.calls, cache.stats().hits, cache.stats().errors) == (1, 1, 0)


def test_an_answer_that_no_longer_fits_its_class_is_asked_for_again(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    class Choosy(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _chosen(cls, value: str) -> str:
            if value in unwanted:
                raise ValueError(value)
            return value

    unwanted: set[str] = set()
    model = chat().with_structured_output(Choosy)
    model.invoke("Ada")
    unwanted.add("Ada")
    with pytest.raises(ValidationError), pytest.warns(CacheReadWarning, match="doesn't fit 'test_an.*Choosy'"):
        model.invoke("Ada")  # as it would without a cache
    assert (openai_api.calls, cache.stats().errors) == (2, 1)


def test_several_answers_to_one_question_stay_together(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    model = chat(n=2)
    runs = [model.generate([[HumanMessage("hello")]]).generations[0] for _ in range(2)]
    assert [[each.text for each in run] for run in runs] == [["answer to hello"] * 2] * 2
    assert openai_api.calls == 1
    assert cache.stats().saved_tokens == cache.stats().spent_tokens


@pytest.mark.parametrize("cached", ["by the model", "by the agent"])
def test_other_retries_and_timeouts_are_no_other_question(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, cached: str
):
    used = {"cache": cache} if cached == "by the model" else {"cache": False}
    for options in ({}, {"max_retries": 3}, {"timeout": 9, "stream_chunk_timeout": 9}, {"disable_streaming": True}):
        middleware = [CacheMiddleware(cache.spot)] if cached == "by the agent" else []
        create_agent(chat(**used, **options), middleware=middleware).invoke({"messages": [HumanMessage("hello")]})
    assert openai_api.calls == 1
    create_agent(chat(**used, temperature=0.5), middleware=middleware).invoke({"messages": [HumanMessage("hello")]})
    assert openai_api.calls == 2


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_changed_model_and_a_copy_are_asked_as_what_they_are_now(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, colour: str
):
    model = chat(temperature=0.1)
    for temperature in (0.1, 0.9, 0.1, 0.9):
        model.temperature = temperature
        copy = model.model_copy(update={"model_name": "other"})
        for each in (model, copy):
            _ = each.invoke("hello") if colour == "sync" else await each.ainvoke("hello")
    asked = [(request.body["model"], request.body["temperature"]) for request in openai_api.requests]
    assert asked == [("gpt-test", 0.1), ("other", 0.1), ("gpt-test", 0.9), ("other", 0.9)]
    assert chat(temperature=0.9).invoke("hello").text == "answer to hello"  # the key of one that was made so
    assert (openai_api.calls, len({task.func_name for task in cache.spot.parts.store.db.find(TaskFilter())})) == (4, 2)


def test_a_setting_that_is_changed_in_place_makes_another_question(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model, plain = chat(model_kwargs={"user": "ann"}, extra_body={"top": {"k": 1}}), chat()
    for each in (model, plain):
        each.invoke("hello")
        each.model_kwargs["user"] = "bob"
        each.invoke("hello")
        assert openai_api.requests[-1].body["user"] == "bob"
    model.extra_body["top"]["k"] = 2
    for _ in range(2):
        model.invoke("hello")
    assert (openai_api.calls, openai_api.requests[-1].body["top"]) == (5, {"k": 2})


def test_a_setting_at_the_address_of_one_before_makes_another_question(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat()
    for user in "abcdefghij":
        model.model_kwargs = {"user": "somebody"}
        model.model_kwargs = {"user": user}
        model.invoke("hello")
    assert "".join(request.body["user"] for request in openai_api.requests) == "abcdefghij"


def test_a_batch_of_a_text_model_asks_for_what_is_missing_alone(
    cache: BeautySpotCache, text_model: Make, openai_api: OpenAIAPI
):
    model = text_model()
    assert model.batch(["a", "b"]) == ["answer to a", "answer to b"]
    assert model.batch(["a", "c", "c", "b"]) == ["answer to a", "answer to c", "answer to c", "answer to b"]
    assert [request.body["prompt"] for request in openai_api.requests] == [["a", "b"], ["c", "c"]]
    assert model.batch(["c", "a"]) == ["answer to c", "answer to a"]
    assert openai_api.calls == 2


async def test_an_async_batch_of_a_text_model_hits(cache: BeautySpotCache, text_model: Make, openai_api: OpenAIAPI):
    model = text_model(n=2, best_of=2)
    runs = [await model.agenerate(["a", "a"]) for _ in range(2)]
    assert [[each.text for each in run.generations[0]] for run in runs] == [["answer to a"] * 2] * 2
    assert openai_api.calls == 1


def test_a_streaming_invoke_hits(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    runs = [chat(streaming=True).invoke("hello").text for _ in range(2)]
    assert (runs, openai_api.calls) == (["answer to hello"] * 2, 1)


def test_a_streamed_answer_in_the_history_asks_what_a_whole_one_does(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat()
    whole = model.invoke("hello")
    first, *rest = model.stream("hello")
    streamed = sum(rest, first)
    assert type(streamed) is not AIMessage
    calls = openai_api.calls
    for answer in (whole, streamed):
        model.invoke([HumanMessage("hello"), answer, HumanMessage("more")])
    assert openai_api.calls == calls + 1


def test_answers_that_are_cut_filtered_or_empty_are_asked_for_again(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    for question, options in (("a b c", {"max_tokens": 2}), ("filter this", {}), ("say nothing", {})):
        for _ in range(2):
            chat(**options).invoke(question)
    assert (openai_api.calls, cache.stats().hits) == (6, 0)


def test_with_previous_response_ids_another_response_is_another_question(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat(use_previous_response_id=True)
    one = model.invoke("hello")
    two = one.model_copy(update={"response_metadata": {**one.response_metadata, "id": "resp_other"}})
    for before in (one, two, one):
        model.invoke([HumanMessage("hello"), before, HumanMessage("more")])
    assert [request.body.get("previous_response_id") for request in openai_api.requests] == [
        None,
        "resp_1",
        "resp_other",
    ]


def test_an_error_of_the_provider_passes_and_keeps_nothing(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    import openai

    openai_api.fail(429, 500, "hang up")
    for error in (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError):
        with pytest.raises(error):
            chat().invoke("hello")
    assert chat().invoke("hello").text == "answer to hello"
    assert chat().invoke("hello").text == "answer to hello"
    assert openai_api.calls == 4
