"""The cache under LangGraph: histories keep every turn."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service
Make = Callable[..., Any]
QUESTIONS = ("one", "two", "one")


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def graph_of(model: Any) -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"][-1:])]})
    graph.add_edge(START, "model")
    return graph.compile(checkpointer=InMemorySaver())


def history(graph: Any, thread: str, *questions: str) -> list[Any]:
    config = {"configurable": {"thread_id": thread}}
    for question in questions:
        state = graph.invoke({"messages": [HumanMessage(question)]}, config)
    return state["messages"]


def test_a_thread_keeps_every_turn_although_a_question_comes_again(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    messages = history(graph_of(chat()), "a", *QUESTIONS)
    assert [message.text for message in messages] == [
        "one", "answer to one", "two", "answer to two", "one", "answer to one",
    ]  # fmt: skip
    assert len({message.id for message in messages}) == 6
    assert openai_api.calls == 2


def test_the_second_run_of_a_thread_calls_nobody_and_has_as_many_messages(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    graph = graph_of(chat())
    first = history(graph, "a", *QUESTIONS)
    calls = openai_api.calls
    second = history(graph, "b", *QUESTIONS)
    assert ([each.text for each in first], openai_api.calls) == ([each.text for each in second], calls)


async def test_the_second_run_of_an_agent_calls_nobody(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    agent = create_agent(chat(), tools=[add], checkpointer=InMemorySaver())
    asked = ('use add {"a": 1, "b": 2}', "thanks")
    first = history(agent, "a", *asked)
    calls = openai_api.calls
    config = {"configurable": {"thread_id": "b"}}
    for question in asked:
        second = await agent.ainvoke({"messages": [HumanMessage(question)]}, config)
    assert [each.text for each in first] == [each.text for each in second["messages"]]
    assert (calls, openai_api.calls, cache.stats().hits) == (3, 3, 3)


@pytest.mark.parametrize("cached", ["by the model", "by the agent"])
def test_an_answer_that_comes_twice_is_sent_twice_to_the_responses_api(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, cached: str
):
    model = chat(use_responses_api=True, cache=cache if cached == "by the model" else False)
    agent = create_agent(model, middleware=[CacheMiddleware(cache.spot)] if cached == "by the agent" else [])
    messages: list[Any] = []
    for question in QUESTIONS:
        messages += agent.invoke({"messages": [HumanMessage(question)]})["messages"]
    model.invoke([*messages, HumanMessage("all?")])
    sent = [part["content"] for part in openai_api.requests[-1].body["input"]]
    texts = [content if isinstance(content, str) else [each["text"] for each in content] for content in sent]
    assert texts == ["one", ["answer to one"], "two", ["answer to two"], "one", ["answer to one"], "all?"]
    assert openai_api.calls == 3


@pytest.mark.parametrize("version", ["responses/v1", "v1"])
def test_the_second_run_of_an_agent_on_the_responses_api_calls_nobody(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, version: str
):
    model = chat(use_responses_api=True, output_version=version)
    for _ in range(2):
        agent = create_agent(model, tools=[add], checkpointer=InMemorySaver())
        messages = history(agent, "a", 'use add {"a": 1, "b": 2}', "thanks")
    assert [message.text for message in messages][3:] == [
        "answer to what the tool said: 3",
        "thanks",
        "answer to thanks",
    ]
    assert openai_api.calls == 3


def test_a_hit_is_streamed_as_a_message_of_its_turn(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    graph = graph_of(chat())
    config = {"configurable": {"thread_id": "a"}}
    given = [
        "".join(
            part.text
            for part, _ in graph.stream({"messages": [HumanMessage("one")]}, config, stream_mode="messages")
            if part.type != "human"
        )
        for _ in range(2)
    ]
    assert (given, openai_api.calls) == (["answer to one"] * 2, 1)
