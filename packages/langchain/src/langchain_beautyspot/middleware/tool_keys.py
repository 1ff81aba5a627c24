"""What a tool's result depends on: the tool, the model's arguments, and what LangGraph gives it beside them."""

# A tool's annotations are the user's, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langchain_core.tools.base import get_all_basemodel_annotations
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime

from langchain_beautyspot.configured import every_choice
from langchain_beautyspot.stable_keys import REGISTRY

HIDING = (InjectedStore, ToolRuntime)
"""What a tool reads behind these, no key can know."""


def tool_key(tool: BaseTool, args: Mapping[str, Any], config: RunnableConfig | None, namespace: str, /) -> str:
    """Return the key of a call.

    Args:
        tool: What is called.
        args: The model's arguments, and what LangGraph put beside them of the state.
        config: Of the run.
        namespace: Of the cache.

    Raises:
        UnkeyableArgument: an argument, or a part of the state that the tool is given, has no content; or it is given a
            runtime or store.
    """
    form = Canonical(REGISTRY).form
    given = _given(tool, args, config)
    # Another agent in the same place may have another tool of that name, or this one other defaults.
    told = [tool.description, form(tool.args)]
    asked = [namespace, told, form({name: value for name, value in args.items() if name not in given})]
    return digest(pack([*asked, form(given)] if given else asked)).hex()


def _given(tool: BaseTool, args: Mapping[str, Any], config: RunnableConfig | None) -> dict[str, Any]:
    """Return what the tool is given beside the model's arguments, by the names of its parameters."""
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
                given[name] = args.get(name)
            elif mark is RunnableConfig:
                given[name] = every_choice(ensure_config(config))
    return given


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
