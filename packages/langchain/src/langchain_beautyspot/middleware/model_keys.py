"""What a model's answer depends on: which model it is, and everything that it is asked with."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from langchain.agents.middleware import ModelRequest
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_beautyspot.configured import choices, configured
from langchain_beautyspot.middleware.structured import contents_of, specs_of
from langchain_beautyspot.model_texts import model_text
from langchain_beautyspot.models import asking, read_model
from langchain_beautyspot.stable_keys import REGISTRY

FORMAT = 1


class ModelKey(NamedTuple):
    """Which call it is."""

    func_name: str
    key: str
    is_lasting: bool
    """Whether a later run will find the answer: the model's settings hold no object's address."""
    model: str
    """What tells the model from others."""


def model_key(request: ModelRequest[Any], namespace: str, /) -> ModelKey:
    """Return the key of a call.

    Raises:
        UnkeyableArgument: a tool or setting has no content, or nothing tells what a field of the model holds.
    """
    config = ensure_config()  # of the run that asks
    chosen = configured(request.model, config)
    model = model_text(chosen, request.model_settings)
    form: Any = Canonical(REGISTRY).form
    asked = [
        FORMAT,
        namespace,
        model,
        form(choices(chosen, config)),
        form(request.system_message),
        form(list(request.messages)),
        form([*_tools(request.tools)]),
        form(request.tool_choice),
        form(contents_of(specs_of(request.response_format))),
        type(request.response_format).__name__,
        form(getattr(request.response_format, "tool_message_content", None)),
        form(asking(request.model_settings)),
        _agent_name(),
    ]
    return ModelKey(read_model(model).func_name, digest(pack(asked)).hex(), " at 0x" not in model, model)


def is_still(request: ModelRequest[Any], key: ModelKey, /) -> bool:
    """Say whether the model's settings are those that the key was made of."""
    try:
        return model_text(configured(request.model, ensure_config()), request.model_settings) == key.model
    except UnkeyableArgument:
        return False


def _tools(tools: Iterable[BaseTool | dict[str, Any]]) -> Iterable[Any]:
    """Yield the tools as a provider is told of them."""
    for tool in tools:
        if isinstance(tool, dict):
            yield tool
        else:
            yield [convert_to_openai_tool(tool), tool.extras]


def _agent_name() -> str | None:
    """Return the name that the agent writes into its answers."""
    from langgraph.config import get_config  # with the extra

    try:
        return get_config().get("metadata", {}).get("lc_agent_name")
    except RuntimeError:  # not within a graph
        return None
