"""The tokens that an answer came to, as providers tell them in several places."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from beautyspot.recording import NOTHING_KNOWN, Usage
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

OF_ANOTHER_CACHE: Mapping[str, Any] = MappingProxyType({})
"""The mark of an answer that a cache gave which is none of ours."""


class Reading(NamedTuple):
    """What a result says of the call it came from."""

    usage: Usage = NOTHING_KNOWN
    model: str | None = None
    """The one that the provider says it was, which may be a dated one."""
    hit: Mapping[str, Any] | None = None
    """The mark of a cache of ours that gave the answer."""
    key: str | None = None
    """Where a cache of ours keeps the answer."""


def read_result(result: LLMResult, /) -> Reading:
    """Return what `result` says; LangChain tells handlers of the prompts of a batch one by one."""
    output = result.llm_output or {}
    first = result.generations[0][0] if result.generations and result.generations[0] else None
    if first is None:
        return Reading(_usage_of_output(output), _name(output))
    message = getattr(first, "message", None)
    usage = usage_of_message(message)
    told = vars(first)
    hit: dict[str, Any] | None = told.get("_cache_hit")
    return Reading(
        _usage_of_output(output) if usage is NOTHING_KNOWN else usage,
        _name(getattr(message, "response_metadata", None) or output),
        hit,
        told.get("_cache_key") if hit is None else hit.get("cache_key"),
    )


def is_free(message: BaseMessage | None, /) -> bool:
    """Say whether `message` costs nothing, which LangChain writes into what any cache of a model gave."""
    told: dict[str, Any] | None = getattr(message, "usage_metadata", None)
    return told is not None and told.get("total_cost") == 0


def kept_elsewhere(result: LLMResult, /) -> BaseMessage | None:
    """Return the message of a result that another cache gave.

    To be asked when the result comes: LangChain's own cache keeps that very message, and a hit writes into it.
    """
    first = result.generations[0][0] if result.generations and result.generations[0] else None
    message: BaseMessage | None = getattr(first, "message", None)
    mine = first is not None and "_cache_hit" in vars(first)
    return None if mine or result.llm_output or not is_free(message) else message


def usage_of_message(message: BaseMessage | None, /) -> Usage:
    """Return the tokens that the provider wrote to an answer; the first of several candidates tells of them all."""
    told: dict[str, Any] | None = getattr(message, "usage_metadata", None)
    if not told or "input_tokens" not in told:  # LangChain adds a lone `total_cost` to hits
        return NOTHING_KNOWN
    into: dict[str, Any] = told.get("input_token_details") or {}
    out: dict[str, Any] = told.get("output_token_details") or {}
    return Usage(
        _count(told["input_tokens"]),
        _count(told.get("output_tokens")),
        _count(into.get("cache_read")),
        _count(into.get("cache_creation")),
        _count(out.get("reasoning")),
        _count(told.get("total_tokens")),
    )


def _usage_of_output(output: dict[str, Any]) -> Usage:
    """Read what text models say beside their answers, in the words of OpenAI or of Anthropic."""
    told: dict[str, Any] | None = output.get("token_usage") or output.get("usage")
    if not told:
        return NOTHING_KNOWN
    into = _count(told.get("prompt_tokens", told.get("input_tokens")))
    out = _count(told.get("completion_tokens", told.get("output_tokens")))
    return Usage(into, out, said_total=_count(told.get("total_tokens")))


def _name(told: dict[str, Any]) -> str | None:
    name = told.get("model_name") or told.get("model")
    return name if isinstance(name, str) else None


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and number >= 0 else None
