"""What the configuration of a run chooses, and what passes for a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning, Spot
from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_beautyspot import CacheMiddleware
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import ConfigurableField, RunnableLambda
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("agents", db=tmp_path / "a.db", storage=tmp_path / "blobs")


def ask(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


@pytest.mark.parametrize("way", ["init_chat_model", "init_chat_model without a default", "configurable_fields"])
def test_what_the_configuration_of_a_run_chooses_is_in_the_key(
    openai_api: OpenAIAPI, chat: Callable[..., Any], spot: Spot, way: str
) -> None:
    made: Any = chat().configurable_fields(model_name=ConfigurableField("model"))
    if way.startswith("init_chat_model"):
        name = None if way.endswith("default") else "gpt-4.1"
        options = {"base_url": openai_api.url, "api_key": "x", "model_provider": "openai"}
        made = init_chat_model(name, configurable_fields=("model",), **options)
    agent = create_agent(made, middleware=[CacheMiddleware(spot)])
    for chosen in ("gpt-5", "o3", "gpt-5"):
        agent.invoke(ask("hi"), {"configurable": {"model": chosen, "thread_id": str(openai_api.calls)}})
    assert [request.body["model"] for request in openai_api.requests] == ["gpt-5", "o3"]


def test_models_that_only_a_repr_describes_are_told_apart_where_they_stand_in(
    openai_api: OpenAIAPI, chat: Callable[..., Any], spot: Spot
) -> None:
    answers: list[str] = []
    for answer in ("a", "b", "a"):
        openai_api.fail(*[500] * (openai_api.calls < 2))
        stand_in = chat().with_fallbacks([FakeListChatModel(responses=[answer])])
        state = create_agent(stand_in, middleware=[CacheMiddleware(spot)]).invoke(ask("hi"))
        answers.append(state["messages"][-1].text)
    assert (answers, openai_api.calls) == (["a", "b", "a"], 2)


def test_what_passes_for_a_model_and_has_no_description_is_asked_each_time(spot: Spot) -> None:
    class Opaque(RunnableLambda[Any, Any]):
        def bind_tools(self, *_: Any, **__: Any) -> Any:
            return self

        def is_lc_serializable(self) -> bool:  # type: ignore[override]
            return True

    asked: list[Any] = []
    opaque: Any = Opaque(lambda _: asked.append(1) or AIMessage("yes"))
    agent = create_agent(opaque, middleware=[CacheMiddleware(spot)])
    with pytest.warns(CacheWarning, match="give a chat model"):
        agent.invoke(ask("hi")), agent.invoke(ask("hi"))
    assert asked == [1, 1]


def test_a_chain_that_a_version_stands_for_is_asked_anew_for_each_choice(openai_api: OpenAIAPI, spot: Spot) -> None:
    options = {"base_url": openai_api.url, "api_key": "x", "model_provider": "openai"}
    chosen_later = init_chat_model("gpt-4.1", configurable_fields=("model",), **options)
    chain: Any = spot.mark(version="1")(RunnableLambda(lambda text: text) | chosen_later)
    for chosen in ("gpt-5", "o3", "gpt-5"):
        chain.invoke("hi", {"configurable": {"model": chosen, "thread_id": str(openai_api.calls)}})
    assert [request.body["model"] for request in openai_api.requests] == ["gpt-5", "o3"]
