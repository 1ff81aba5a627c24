"""What an agent's call depends on, and what a replay does where it has no answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning, Spot
from langchain.agents import create_agent
from langchain.agents.middleware import ToolCallRequest
from langchain.agents.structured_output import ToolStrategy
from langchain_beautyspot import CacheMiddleware, ReplayMiss
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field


class Script(GenericFakeChatModel):
    """Says what it was given, and then nothing more."""

    messages: Any = Field(exclude=True)  # an iterator, which nothing tells from others

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    with Spot("agents", db=tmp_path / "a.db") as spot:
        yield spot


def answer(number: int) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "Size", "args": {"number": number}, "id": "c"}])


def size(least: int) -> type[BaseModel]:
    class Size(BaseModel):
        """A size."""

        number: int

        def model_post_init(self, _: Any) -> None:
            assert self.number >= least

    return Size


def ask(*said: AIMessage, middleware: CacheMiddleware, **options: Any) -> dict[str, Any]:
    agent = create_agent(Script(messages=iter(said)), middleware=[middleware], **options)
    return agent.invoke({"messages": [HumanMessage("q")]})


def test_a_replay_makes_no_call_for_an_answer_that_fits_no_more(spot: Spot) -> None:
    ask(answer(1), middleware=CacheMiddleware(spot), response_format=ToolStrategy(size(0)))
    replay = CacheMiddleware(spot, mode="replay_only")
    assert ask(middleware=replay, response_format=ToolStrategy(size(0)))["structured_response"].number == 1
    with pytest.warns(CacheWarning, match="doesn't fit"), pytest.raises(ReplayMiss):
        ask(answer(9), middleware=replay, response_format=ToolStrategy(size(2)))


def test_a_replay_makes_no_call_without_a_key(spot: Spot) -> None:
    request = {"messages": [HumanMessage("q", additional_kwargs={"at": object()})]}
    agent = create_agent(
        Script(messages=iter([AIMessage("x")])), middleware=[CacheMiddleware(spot, mode="replay_only")]
    )
    with pytest.warns(CacheWarning, match="no key"), pytest.raises(ReplayMiss):
        agent.invoke(request)


def test_a_cache_if_that_fails_costs_no_answer_and_is_told_as_the_users(spot: Spot) -> None:
    middleware = CacheMiddleware(spot, cache_if=lambda generations: bool(generations[7]))
    with pytest.warns(CacheWarning, match="cache_if failed .IndexError.* the answer is not kept; have it take any"):
        assert ask(AIMessage("x"), middleware=middleware)["messages"][-1].text == "x"
    assert ask(AIMessage("y"), middleware=middleware)["messages"][-1].text == "y"


def tool_request(of: Any, **args: Any) -> ToolCallRequest:
    call = {"name": of.name, "args": args, "id": "1", "type": "tool_call"}
    return ToolCallRequest(tool_call=call, tool=of, state={}, runtime=None)  # type: ignore[arg-type]


def look(limit: int) -> Any:
    class Args(BaseModel):
        word: Any
        most: int = Field(default=limit)

    @tool(args_schema=Args)
    def look(word: Any, most: int) -> str:
        """Look."""
        return f"{word} {most}"

    return look


def run(middleware: CacheMiddleware, of: Any, **args: Any) -> Any:
    return middleware.wrap_tool_call(tool_request(of, **args), lambda request: request.tool.invoke(request.tool_call))


async def test_a_replay_runs_no_tool_without_a_key(spot: Spot) -> None:
    replay = CacheMiddleware(spot, tools=["look"], mode="replay_only")
    request = tool_request(look(1), word=object())
    with pytest.warns(CacheWarning, match="no key"), pytest.raises(ReplayMiss):
        run(replay, look(1), word=object())
    with pytest.raises(ReplayMiss):
        await replay.awrap_tool_call(request, lambda request: request.tool.ainvoke(request.tool_call))
    other = CacheMiddleware(spot, tools=["another"], mode="replay_only")
    assert run(other, look(1), word="a").content == "a 1"


def test_a_tool_of_other_defaults_is_another(spot: Spot) -> None:
    middleware = CacheMiddleware(spot, tools=["look"])
    assert [run(middleware, look(most), word="a").content for most in (1, 2, 1)] == ["a 1", "a 2", "a 1"]


def test_another_text_of_the_tools_message_is_another_question(spot: Spot) -> None:
    def said(text: str) -> list[Any]:
        state = ask(
            answer(1), middleware=CacheMiddleware(spot), response_format=ToolStrategy(Size, tool_message_content=text)
        )
        return [message.content for message in state["messages"] if isinstance(message, ToolMessage)]

    Size = size(0)  # noqa: N806 - a class
    assert [said("one"), said("two")] == [["one"], ["two"]]
