"""Results of tools are kept where the tool is run, so that no other middleware is passed by, wherever it stands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning, Spot
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolEmulator,
    ToolCallRequest,
    ToolRetryMiddleware,
    wrap_tool_call,
)
from langchain_beautyspot import CacheMiddleware
from langchain_beautyspot.errors import ReplayMiss
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import Field

ran: list[tuple[int, int]] = []
CALL = {"name": "add", "args": {"a": 1, "b": 2}, "id": "c", "type": "tool_call"}


class Script(GenericFakeChatModel):
    """Says what it was given, and then nothing more."""

    messages: Any = Field(exclude=True)  # an iterator, which nothing tells from others

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@tool
def add(a: int, b: int) -> int:
    """Add."""
    ran.append((a, b))
    return a + b


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    ran.clear()
    with Spot("agents", db=tmp_path / "a.db") as spot:
        yield spot


def agent(*middleware: AgentMiddleware[Any, Any, Any], tools: Any = (add,)) -> Any:
    model = Script(messages=iter([AIMessage("", tool_calls=[CALL]), AIMessage("done")]))
    return create_agent(model, tools, middleware=middleware, checkpointer=InMemorySaver())


def placed(cache: Any, other: Any, *, first: bool) -> list[Any]:
    return [cache, other] if first else [other, cache]


def thread() -> Any:
    return {"configurable": {"thread_id": "1"}}


def result_of(state: dict[str, Any]) -> str:
    return next(message.text for message in state["messages"] if isinstance(message, ToolMessage))


def told(*middleware: Any, tools: Any = (add,)) -> str:
    question: Any = {"messages": [HumanMessage("q")]}
    return result_of(agent(*middleware, tools=tools).invoke(question, thread()))


EDIT = {"type": "edit", "edited_action": {"name": "add", "args": {"a": 5, "b": 6}}}
RESPOND = {"type": "respond", "message": "99"}
APPROVE = {"type": "approve"}


@pytest.mark.parametrize("first", [True, False], ids=["cache first", "cache last"])
@pytest.mark.parametrize("mode", ["batched", "per_call"])
def test_each_call_is_reviewed_and_keeps_what_it_was_run_with(spot: Spot, mode: Any, first: bool) -> None:
    def reviewed(decision: dict[str, Any]) -> str:
        allowed: Any = {"add": {"allowed_decisions": ["approve", "edit", "respond"]}}
        review = HumanInTheLoopMiddleware(allowed, interrupt_mode=mode)
        made, config = agent(*placed(CacheMiddleware(spot, tools=["add"]), review, first=first)), thread()
        assert "__interrupt__" in made.invoke({"messages": [HumanMessage("q")]}, config)
        answer: Any = {"decisions": [decision]} if mode == "batched" else decision
        return result_of(made.invoke(Command(resume=answer), config))

    assert "11" in reviewed(EDIT)
    assert reviewed(RESPOND) == "99"
    assert [reviewed(APPROVE), reviewed(APPROVE)] == ["3", "3"]
    assert "11" in reviewed(EDIT)
    assert ran == [(5, 6), (1, 2)]


@pytest.mark.parametrize("first", [True, False], ids=["cache first", "cache last"])
async def test_what_another_says_in_the_tools_place_is_not_kept_as_its_result(spot: Spot, first: bool) -> None:
    emulator = LLMToolEmulator(tools=["add"], model=FakeListChatModel(responses=["made up"]))
    cache = CacheMiddleware(spot, tools=["add"])
    assert told(*placed(cache, emulator, first=first)) == "made up"
    state = await agent(cache).ainvoke({"messages": [HumanMessage("q")]}, thread())
    assert result_of(state) == "3"
    assert told(cache) == "3"
    assert ran == [(1, 2)]


@wrap_tool_call
def doubled(request: Any, handler: Callable[[Any], Any]) -> Any:
    """Ask for twice as much, and say so."""
    args = {name: 2 * value for name, value in request.tool_call["args"].items()}
    result = handler(request.override(tool_call={**request.tool_call, "args": args}))
    return result.model_copy(update={"content": f"doubled: {result.content}"})


@pytest.mark.parametrize("first", [True, False], ids=["cache first", "cache last"])
def test_arguments_and_results_that_another_changed_are_the_keys_own_and_its_own(spot: Spot, first: bool) -> None:
    cache = CacheMiddleware(spot, tools=["add"])
    others = placed(cache, doubled, first=first)
    assert [told(*others), told(cache), told(*others)] == ["doubled: 6", "3", "doubled: 6"]
    assert ran == [(2, 4), (1, 2)]


def test_a_replay_fails_though_another_makes_messages_of_errors(spot: Spot) -> None:
    spot.mark(len)("recorded")
    replay = CacheMiddleware(spot, tools=["add"], mode="replay_only")
    retries = ToolRetryMiddleware(max_retries=0, on_failure="continue")
    request = ToolCallRequest(tool_call=CALL, tool=add, state={}, runtime=None)  # type: ignore[arg-type]
    with pytest.raises(ReplayMiss, match=r"langchain\.tool\.add"):
        replay.wrap_tool_call(request, lambda given: retries.wrap_tool_call(given, run))
    assert ran == []


def run(request: Any) -> Any:
    return request.tool.invoke(request.tool_call)


class Bringing(AgentMiddleware[Any, Any, Any]):
    """Brings a tool that the agent wasn't made with."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return handler(request.override(tool=add))


def test_a_tool_that_another_brings_is_kept_only_after_it_and_that_is_said(spot: Spot) -> None:
    cache = CacheMiddleware(spot, tools=["add"])
    with pytest.warns(CacheWarning, match="no tool 'add' is known here, .* put CacheMiddleware after what brings it"):
        assert told(cache, Bringing(), tools=()) == "3"
    assert [told(Bringing(), cache, tools=()), told(Bringing(), cache, tools=())] == ["3", "3"]
    assert len(ran) == 2


def test_whoever_looks_at_a_kept_tool_sees_the_tool(spot: Spot) -> None:
    seen: list[BaseTool] = []

    @wrap_tool_call
    def look(request: Any, handler: Callable[[Any], Any]) -> Any:
        seen.append(request.tool)
        return handler(request)

    told(CacheMiddleware(spot, tools=["add"]), look)
    assert isinstance(seen[0], type(add))
    assert (seen[0].name, seen[0].description, seen[0].args) == (add.name, add.description, add.args)
