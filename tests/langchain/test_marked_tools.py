"""Marked tools that are methods of an object which their keys leave out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from beautyspot import ConfigurationError, Spot
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool


class Client:
    """Has no content."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, list[str]()

    def find(self, word: str) -> str:
        """Find a word."""
        self.asked.append(word)
        return f"{self.name}: {word}"

    async def find_async(self, word: str, config: RunnableConfig) -> str:
        """Find a word."""
        assert "callbacks" in config
        return self.find(word)

    def tell(self, word: str, call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
        """Tell of a word."""
        return ToolMessage(self.find(word), tool_call_id=call_id)


class Finder(BaseTool):
    description: str = "Find a word."
    client: Any = None

    def _run(self, word: str) -> str:
        return self.client.find(word)


MADE: dict[str, Callable[[Client], BaseTool]] = {
    "a class": lambda client: Finder(name=f"find_{client.name}", client=client),
    "a method": lambda client: StructuredTool.from_function(client.find, name=f"find_{client.name}"),
    "an async method": lambda client: StructuredTool.from_function(
        coroutine=client.find_async, name=f"find_{client.name}"
    ),
    "a method that makes the message": lambda client: StructuredTool.from_function(
        client.tell, name=f"find_{client.name}"
    ),
}


@pytest.fixture
def spot(tmp_path: Path) -> Any:
    return Spot("t", db=tmp_path / "t.db")


@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
async def test_tools_of_two_objects_that_the_key_leaves_out_are_told_by_their_names(
    spot: Any, make: Callable[[Client], BaseTool]
) -> None:
    clients = [Client("mails"), Client("wiki")]
    tools = [spot.mark(ignore=("self",))(make(client)) for client in clients]
    for id_ in "12":
        calls = [{"name": tool.name, "args": {"word": "x"}, "id": id_, "type": "tool_call"} for tool in tools]
        messages = [await tool.ainvoke(call) for tool, call in zip(tools, calls, strict=True)]
        assert [(each.content, each.tool_call_id) for each in messages] == [("mails: x", id_), ("wiki: x", id_)]
    assert [client.asked for client in clients] == [["x"], ["x"]]


def test_a_marked_method_whose_object_is_left_out_is_marked_once(spot: Any) -> None:
    mark = spot.mark(ignore=("self",))
    with pytest.raises(ConfigurationError, match="marked already"):
        mark(mark(MADE["a method"](Client("mails"))))


@dataclass
class Account:
    name: str

    def find(self, word: str) -> str:
        """Find a word."""
        return f"{self.name}: {word}"


def test_tools_whose_objects_are_in_the_key_are_told_by_these(spot: Any) -> None:
    made = [("find_a", "ann"), ("find_b", "bob"), ("find_c", "ann")]
    tools = [spot.mark(StructuredTool.from_function(Account(who).find, name=name)) for name, who in made]
    assert [tool.invoke("x") for tool in tools] == ["ann: x", "bob: x", "ann: x"]
    assert tools[0].func.key("x") == tools[2].func.key("x") != tools[1].func.key("x")
