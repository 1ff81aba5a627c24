"""Tools that `spot.mark` was given."""

import asyncio
import threading
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, ConfigurationError, Spot
from beautyspot.records import TaskFilter
from llama_index.core import MockEmbedding
from llama_index.core.base.response.schema import Response
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, NodeRelationship, NodeWithScore, ObjectType, RelatedNodeInfo, TextNode
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.types import AsyncBaseTool, ToolMetadata
from llama_index.core.workflow import Context

USED: list[Any] = []


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    USED.append((a, b))
    return a + b


async def add_later(a: int, b: int = 2) -> int:
    """Add two numbers."""
    USED.append((a, b))
    return a + b


def seen(ctx: Context, a: int) -> int:
    """Note the context."""
    USED.append(ctx)
    return a


@pytest.fixture(autouse=True)
def nothing_used() -> None:
    USED.clear()


@pytest.mark.parametrize("given", [{"fn": add}, {"async_fn": add_later}, {"fn": add, "async_fn": add_later}])
async def test_a_tool_runs_once_for_the_same_arguments(given: dict[str, Any], store: Spot) -> None:
    tool = store.mark(FunctionTool.from_defaults(**given))
    said = [await tool.acall(a=1), await tool.acall(a=1, b=2), await asyncio.to_thread(tool.call, a=1)]
    assert [each.raw_output for each in said] == [3, 3, 3]
    assert len(USED) == (2 if len(given) == 2 else 1)  # two functions are two


def test_it_is_the_same_tool_for_a_model(store: Spot) -> None:
    class OwnTool(FunctionTool):
        pass

    tool = OwnTool.from_defaults(add, callback=lambda result: f"= {result}", partial_params={"b": 5})
    marked = store.mark(tool)
    assert type(marked) is OwnTool
    assert marked.metadata.to_openai_tool() == tool.metadata.to_openai_tool()
    assert [marked(a=1).content for _ in range(2)] == ["= 6", "= 6"]
    assert USED == [(1, 5)]
    assert tool(a=1).content == "= 6"
    assert len(USED) == 2


async def test_the_context_of_a_workflow_is_no_part_of_the_question(store: Spot) -> None:
    tool = store.mark(FunctionTool.from_defaults(seen))
    outputs: list[ToolOutput] = [await tool.acall(ctx=object(), a=1) for _ in range(2)]
    assert [each.raw_output for each in outputs] == [1, 1]
    assert len(USED) == 1


@pytest.mark.parametrize(
    "found",
    [
        [NodeWithScore(node=TextNode(text="a", metadata={"b": 1}, embedding=[0.5]), score=0.1)],
        [Document(text="a")],
        TextNode(relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="b", node_type=ObjectType.TEXT)}),
        ToolOutput(content="a", tool_name="b", raw_input={}, raw_output=1),
        Response("a", source_nodes=[NodeWithScore(node=TextNode(text="b"))]),
        ChatMessage("a", role="assistant"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_tools_find_is_kept_as_it_is(found: Any, store: Spot) -> None:
    def find(word: str) -> Any:
        USED.append(word)
        return found

    for _ in range(2):
        tool = store.mark(version="1")(FunctionTool.from_defaults(find))
        given = tool(word="a").raw_output
    assert (type(given), given) == (type(found), found)
    assert USED == ["a"]


def test_a_warning_points_at_the_users_line(store: Spot) -> None:
    tool = store.mark(FunctionTool.from_defaults(lambda: threading.Lock(), name="lock"))
    with pytest.warns(CacheSaveWarning) as warned:
        tool()
    assert warned[0].filename == __file__


def test_an_error_is_not_kept(store: Spot) -> None:
    def fail(a: int) -> int:
        USED.append(a)
        raise ConnectionError("gone")

    tool = store.mark(FunctionTool.from_defaults(fail))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            tool(a=1)
    assert USED == [1, 1]


def test_the_options_of_mark_hold(store: Spot) -> None:
    tool = store.mark(tags=["sums"], cache_if=lambda result: result > 3)(FunctionTool.from_defaults(add))
    for a in (1, 1, 2, 2):
        tool(a=a)
    assert USED == [(1, 2), (1, 2), (2, 2)]
    [row] = list(store.parts.store.db.find(TaskFilter(tags=("sums",))))
    assert row.func_name.endswith("add")


class Thermometer(AsyncBaseTool):
    """Gives what follows from no argument."""

    @property
    def metadata(self) -> ToolMetadata:
        return ToolMetadata("the temperature")

    def call(self, input: Any) -> ToolOutput:  # noqa: A002 - LlamaIndex's
        return ToolOutput(content="20", tool_name="t", raw_input={}, raw_output=20)

    async def acall(self, input: Any) -> ToolOutput:  # noqa: A002 - as above
        return self.call(input)


@pytest.mark.parametrize(
    ("thing", "wanted"),
    [
        (Thermometer(), "hangs on more than its arguments"),
        (MockLLM(), "give it to cache_llm"),
        (MockEmbedding(4), "give it to cache_embedding"),
        (SentenceSplitter(), "give it to CachedTransformation"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_another_function_caches_is_refused_with_the_way(thing: Any, wanted: str, store: Spot) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        store.mark(thing)


def test_a_marked_function_in_a_tool_is_not_marked_twice(store: Spot) -> None:
    with pytest.raises(ConfigurationError, match="marked already"):
        store.mark(FunctionTool.from_defaults(store.mark(add)))


class Shop:
    """An object that says nothing of what it holds."""

    def __init__(self, fee: int) -> None:
        self.fee = fee

    def price(self, a: int) -> int:
        """Price a thing."""
        return a + self.fee


def test_a_method_of_an_object_without_content_is_refused_with_the_way_out(store: Spot) -> None:
    with pytest.raises(ConfigurationError, match=r"method of 'Shop', .*; say what its content is with spot.register_"):
        store.mark(FunctionTool.from_defaults(Shop(1).price))
    store.register_key(Shop, lambda shop: shop.fee)
    tools = [store.mark(FunctionTool.from_defaults(Shop(fee).price)) for fee in (1, 2)]
    assert [tool.call(a=1).raw_output for tool in tools] == [2, 3]
