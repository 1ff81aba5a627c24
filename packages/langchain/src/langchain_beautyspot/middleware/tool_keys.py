"""What a tool's result depends on: the tool, the model's arguments, and what LangGraph gives it beside them."""

# A tool's annotations are the user's, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from langchain.agents.middleware import ToolCallRequest
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langchain_core.tools.base import get_all_basemodel_annotations
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime

from langchain_beautyspot.configured import every_choice
from langchain_beautyspot.stable_keys import REGISTRY

HIDING = (InjectedStore, ToolRuntime)
"""What a tool reads behind these, no key can know."""


def tool_key(request: ToolCallRequest, namespace: str, /) -> str:
    """Return the key of a call.

    Raises:
        UnkeyableArgument: an argument, or a part of the state that the tool is given, has no content; or it is given a
            runtime or store.
    """
    tool, form = request.tool, Canonical(REGISTRY).form
    # Another agent in the same place may have another tool of that name, or this one other defaults.
    told = None if tool is None else [tool.description, form(tool.args)]
    given = {} if tool is None else _given(tool, request)
    asked = [namespace, told, form(request.tool_call["args"])]
    return digest(pack([*asked, form(given)] if given else asked)).hex()


def _given(tool: BaseTool, request: ToolCallRequest) -> dict[str, Any]:
    """Return what the tool is given beside the model's arguments, by the names of its parameters."""
    state = request.state if request.runtime is None else request.runtime.state  # pyright: ignore[reportUnnecessaryComparison] - outside of a graph
    given: dict[str, Any] = {}
    for name, annotation in _annotations(tool).items():
        for mark in _marks(annotation):
            kind = mark if isinstance(mark, type) else type(mark)
            if name == "runtime" or issubclass(kind, HIDING):
                raise UnkeyableArgument(
                    f"its parameter {name!r} is given all that the run has, and the result may follow from any of it; "
                    "take what counts with InjectedState('field'), or mark the tool itself with spot.mark("
                    "input_key_fn=…), which says whose the result is"
                )
            if issubclass(kind, InjectedState):
                given[name] = _field(state, getattr(mark, "field", None))
            elif mark is RunnableConfig:
                given[name] = every_choice(ensure_config())
    return given


def _field(state: Any, field: str | None) -> Any:
    if isinstance(state, list):
        state = {"messages": state}
    if not field:
        return state
    return state.get(field) if isinstance(state, Mapping) else getattr(state, field, None)


def _annotations(tool: BaseTool) -> dict[str, Any]:
    """Return the annotations that LangChain and LangGraph look at: of the function, and of the schema."""
    functions = [each for name in ("func", "coroutine") if (each := getattr(tool, name, None)) is not None]
    found: dict[str, Any] = {}
    for function in functions or (tool._run, tool._arun):  # pyright: ignore[reportPrivateUsage] - what a tool's class defines
        found |= get_type_hints(function, include_extras=True)
    found.pop("return", None)
    return found | get_all_basemodel_annotations(tool.get_input_schema())


def _marks(annotation: Any) -> Iterator[Any]:
    """Yield the classes in an annotation, and what is written beside them."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from inner[1:]
        yield from _marks(inner[0])
    elif origin in (Union, UnionType):
        for each in inner:
            yield from _marks(each)
    else:
        yield annotation if origin is None else origin
