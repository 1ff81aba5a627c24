"""Tools whose results are kept: the same class, name and schema, with marked functions inside."""

# A tool's function and what it returns are the user's, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from contextlib import suppress
from copy import copy
from typing import Any, TypeVar

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical
from beautyspot.marking import Settings, mark
from beautyspot.parts import Parts
from beautyspot.powers import takes_types

from llama_index.core import schema
from llama_index.core.base.llms import types
from llama_index.core.base.response.schema import Response
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.function_tool import sync_to_async

T = TypeVar("T", bound=FunctionTool)
RESULTS: tuple[type, ...] = (
    Response, ToolOutput, schema.Document, schema.ImageDocument, schema.ImageNode, schema.IndexNode,
    schema.MediaResource, schema.Node, schema.NodeRelationship, schema.NodeWithScore, schema.ObjectType,
    schema.RelatedNodeInfo, schema.TextNode, types.ChatMessage, types.ImageBlock, types.MessageRole, types.TextBlock,
)  # fmt: skip
"""Classes of LlamaIndex that tools give, kept field by field under their names."""
_MADE_ASYNC = f"{sync_to_async.__qualname__}.<locals>."


def marked_tool(tool: T, parts: Parts, settings: Settings, /) -> T:
    """Return a tool like `tool` that keeps what its function gives; errors are not kept, callbacks run either way.

    Raises:
        ConfigurationError: its function is marked already, or is a method of an object without content.
    """
    _teach(parts)
    _expect_content(tool.real_fn, parts)
    injected = () if tool.ctx_param_name is None else (tool.ctx_param_name,)
    settings = settings._replace(injected=(*settings.injected, *injected))
    function, async_function = tool.real_fn, tool.async_fn
    made_async = getattr(async_function, "__qualname__", "").startswith(_MADE_ASYNC)
    functions: dict[str, Any] = {"fn": mark(function, parts, settings)}
    if not (made_async or async_function is function):
        functions["async_fn"] = mark(async_function, parts, settings)
    donor = FunctionTool(**functions, metadata=tool.metadata)
    twin = copy(tool)
    for name in ("_fn", "_async_fn", "_real_fn"):
        setattr(twin, name, getattr(donor, name))
    return twin


def _expect_content(function: Any, parts: Parts) -> None:
    owner = getattr(function, "__self__", None)
    try:
        Canonical(parts.registry).form(owner)
    except UnkeyableArgument as error:
        raise ConfigurationError(
            f"mark got a tool whose function is a method of {type(owner).__name__!r}, and {error}; say what its "
            "content is with spot.register_key, or make the tool of a function"
        ) from error


def _teach(parts: Parts) -> None:
    """Let a Spot, whose parts these are, keep what tools give."""
    if takes_types(parts.serializer):
        for class_ in RESULTS:
            with suppress(ConfigurationError):  # it knows the class, in a way of the user's perhaps
                parts.serializer.register(class_, None, None, None)
