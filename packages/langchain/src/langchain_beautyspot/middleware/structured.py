"""Structured answers: what tells their schemas apart, and how one is made again of the messages it came in."""

# LangChain's types name the schema by a variable, which nobody knows here.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Iterable, Sequence
from typing import Any

from langchain.agents.structured_output import (
    AutoStrategy,
    OutputToolBinding,
    ProviderStrategy,
    ProviderStrategyBinding,
    ToolStrategy,
)
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

MADE_UP = "response_format_"
"""How LangChain begins the name of a schema that has none; the rest is chance."""


def specs_of(response_format: Any, /) -> Sequence[Any]:
    """Return the specifications of the schemas that an answer may fit; none for free text."""
    if response_format is None:
        return ()
    if isinstance(response_format, ProviderStrategy):
        return (response_format.schema_spec,)
    if isinstance(response_format, ToolStrategy):
        return response_format.schema_specs
    schema: Any = response_format.schema if isinstance(response_format, AutoStrategy) else response_format
    return ToolStrategy(schema=schema).schema_specs


def contents_of(specs: Iterable[Any], /) -> list[Any]:
    """Return what a key is made of: the fields of a class, not its name alone."""
    return [
        [None if spec.name.startswith(MADE_UP) else spec.name, spec.description, spec.json_schema, spec.strict]
        for spec in specs
    ]


def parsed(messages: Sequence[BaseMessage], response_format: Any, /) -> Any:
    """Return the structured answer that `messages` hold.

    Raises:
        ValueError: they don't fit the schema as it is now.
    """
    answer, *others = messages
    assert isinstance(answer, AIMessage), "a model's first message is its answer"
    specs = specs_of(response_format)
    if not others:
        return ProviderStrategyBinding.from_schema_spec(specs[0]).parse(answer)
    told = next(message.tool_call_id for message in others if isinstance(message, ToolMessage))
    call = next(call for call in answer.tool_calls if call["id"] == told)
    spec = next((spec for spec in specs if spec.name == call["name"]), specs[0])
    return OutputToolBinding.from_schema_spec(spec).parse(call["args"])
