"""What a tool is given beside the model's arguments is part of its key, or it runs each time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from beautyspot import CacheWarning, Spot
from langchain.agents import AgentState, create_agent
from langchain.tools import ToolRuntime
from langchain_beautyspot import CacheMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from langgraph.prebuilt import InjectedState, InjectedStore
from langgraph.store.memory import InMemoryStore
from pydantic import Field

ran: list[Any] = []


class State(AgentState[Any]):
    user: str


class Script(GenericFakeChatModel):
    """Says what it was given, and then nothing more."""

    messages: Any = Field(exclude=True)  # an iterator, which nothing tells from others

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    ran.clear()
    with Spot("agents", db=tmp_path / "a.db") as spot:
        yield spot


@tool
def mails(box: str, user: Annotated[str, InjectedState("user")]) -> str:
    """Read mails."""
    ran.append(user)
    return f"mails of {user}"


@tool
def mails_of_state(box: str, state: Annotated[Any, InjectedState]) -> str:
    """Read mails."""
    ran.append(state["user"])
    return f"mails of {state['user']}"


class Mails(BaseTool):
    name: str = "mails_of_class"
    description: str = "Read mails."

    def _run(self, box: str, user: Annotated[str, InjectedState("user")] = "") -> str:
        ran.append(user)
        return f"mails of {user}"


@tool
def mails_of_config(box: str, config: RunnableConfig) -> str:
    """Read mails."""
    ran.append(user := config["configurable"]["user"])
    return f"mails of {user}"


@tool
def mails_of_runtime(box: str, runtime: ToolRuntime) -> str:
    """Read mails."""
    ran.append(runtime.state["user"])
    return f"mails of {runtime.state['user']}"


@tool
def mails_of_store(box: str, store: Annotated[Any, InjectedStore()]) -> str:
    """Read mails."""
    ran.append("store")
    return "mails"


def agent(spot: Spot, used: BaseTool) -> Any:
    call = {"name": used.name, "args": {"box": "in"}, "id": "c", "type": "tool_call"}
    model = Script(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("done")]))
    middleware = CacheMiddleware(spot, tools=[used.name])
    return create_agent(model, [used], state_schema=State, middleware=[middleware], store=InMemoryStore())


def asked(user: str) -> tuple[Any, RunnableConfig]:
    return {"messages": [HumanMessage("my mails", id="1")], "user": user}, {"configurable": {"user": user}}


def told(state: dict[str, Any]) -> str:
    return state["messages"][2].text


@pytest.mark.parametrize("used", [mails, mails_of_state, Mails(), mails_of_config], ids=lambda used: used.name)
def test_nobody_gets_what_a_tool_read_for_another(spot: Spot, used: BaseTool) -> None:
    answers = [told(agent(spot, used).invoke(*asked(user))) for user in ("Ann", "Bob", "Ann")]
    assert answers == ["mails of Ann", "mails of Bob", "mails of Ann"]
    assert ran[:2] == ["Ann", "Bob"]


async def test_what_is_injected_is_in_the_key_of_an_async_call_too(spot: Spot) -> None:
    answers = [told(await agent(spot, mails).ainvoke(*asked(user))) for user in ("Ann", "Bob", "Ann")]
    assert (answers, ran) == (["mails of Ann", "mails of Bob", "mails of Ann"], ["Ann", "Bob"])


@pytest.mark.parametrize("used", [mails_of_runtime, mails_of_store], ids=lambda used: used.name)
def test_a_tool_that_may_read_anything_runs_each_time_and_says_so(spot: Spot, used: BaseTool) -> None:
    with pytest.warns(CacheWarning, match=rf"'{used.name}' has no key .* InjectedState\('field'\)"):
        agent(spot, used).invoke(*asked("Ann"))
    agent(spot, used).invoke(*asked("Ann"))
    assert len(ran) == 2
