"""Messages that carry the object which a provider's client made of their text, kept as results of functions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, Spot
from langchain_beautyspot import BeautySpotNodeCache, stable_key
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import CachePolicy
from pydantic import BaseModel
from servers.openai_api import OpenAIAPI

Ask = Callable[[str], Any]


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@dataclass
class Reply:
    """What holds a message."""

    message: AIMessage


def runnable(spot: Spot, model: Any) -> Ask:
    marked = spot.mark(model.bind(response_format=Person))
    return lambda question: marked.invoke(question)


def function(spot: Spot, model: Any) -> Ask:
    spot.mark(RunnableLambda(str))  # from here on the Spot knows messages

    @spot.mark(ignore=("model",))
    def ask(question: str, model: Any) -> dict[str, Any]:
        return model.with_structured_output(Person, include_raw=True).invoke(question)

    return lambda question: ask(question, model)["raw"]


def within_a_dataclass(spot: Spot, model: Any) -> Ask:
    spot.mark(RunnableLambda(str))

    @spot.mark(ignore=("model",))
    def ask(question: str, model: Any) -> Reply:
        return Reply(model.bind(response_format=Person).invoke(question))

    return lambda question: ask(question, model).message


def node(spot: Spot, model: Any) -> Ask:
    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.bind(response_format=Person).invoke(state["messages"])]}

    builder = StateGraph(MessagesState).add_node("ask", ask, cache_policy=CachePolicy(key_func=stable_key))
    graph = builder.add_edge(START, "ask").compile(cache=BeautySpotNodeCache(spot))
    return lambda question: graph.invoke({"messages": [("user", question)]})["messages"][-1]


ROADS = [runnable, function, within_a_dataclass, node]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("options", [{}, {"use_responses_api": True}], ids=["chat", "responses"])
def test_the_object_of_a_registered_class_comes_back(
    spot: Spot, chat: Any, openai_api: OpenAIAPI, road: Any, options: dict[str, Any]
) -> None:
    spot.register_type(Person)
    ask = road(spot, chat(**options))
    parsed = [ask("Ada").additional_kwargs["parsed"] for _ in range(2)]
    assert parsed == [Person(name="Ada", age=3)] * 2
    assert openai_api.calls == 1


@pytest.mark.parametrize("road", ROADS)
def test_one_of_a_class_that_nobody_registered_is_refused_with_the_next_step(
    spot: Spot, chat: Any, openai_api: OpenAIAPI, road: Any
) -> None:
    ask = road(spot, chat())
    with pytest.warns(CacheSaveWarning, match=r"\['parsed'\] of type '.*Person'; .*call spot.register_type\(Person\)"):
        parsed = [ask("Ada").additional_kwargs["parsed"] for _ in range(2)]
    assert parsed == [Person(name="Ada", age=3)] * 2
    assert openai_api.calls == 2


# As langchain-openai dumps the event in which its client put the object, by the class that it had before.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_the_object_of_a_stream_comes_back(spot: Spot, chat: Any, openai_api: OpenAIAPI) -> None:
    spot.register_type(Person)
    marked = spot.mark(chat().bind(response_format=Person))
    parsed = [[chunk.additional_kwargs.get("parsed") for chunk in marked.stream("Ada")] for _ in range(2)]
    assert Person(name="Ada", age=3) in parsed[0]
    assert parsed[0] == parsed[1]
    assert openai_api.calls == 1


def test_a_runnable_is_not_told_to_name_a_class_in_an_annotation_that_it_has_not(spot: Spot, chat: Any) -> None:
    marked = spot.mark(chat().with_structured_output(Person))
    with pytest.warns(CacheSaveWarning, match="expected a type that beautyspot knows exactly; call spot.register_type"):
        marked.invoke("Ada")


@pytest.mark.parametrize(
    "thing", [datetime(2026, 1, 1, tzinfo=UTC), (1, (2,)), b"\x00", {1}], ids=["datetime", "tuple", "bytes", "set"]
)
def test_whatever_else_a_message_carries_comes_back_as_it_was(spot: Spot, thing: Any) -> None:
    marked = spot.mark(RunnableLambda(lambda _: [
        AIMessage("one", additional_kwargs={"parsed": thing}),
        AIMessage("two", response_metadata={"of": thing}),
        ToolMessage("three", tool_call_id="1", artifact=thing),
    ]))  # fmt: skip
    assert marked.invoke("hi") == (kept := marked.invoke("hi"))
    assert [kept[0].additional_kwargs["parsed"], kept[1].response_metadata["of"], kept[2].artifact] == [thing] * 3
