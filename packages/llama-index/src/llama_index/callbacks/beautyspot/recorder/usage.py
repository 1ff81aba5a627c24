"""The tokens that an answer came to, as providers tell them in several places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from beautyspot.recording import NOTHING_KNOWN, Usage

from llama_index.core.base.llms.types import ChatResponse, TextBlock

_NAMES = {
    "input": ("prompt_tokens", "input_tokens", "prompt_token_count"),
    "output": ("completion_tokens", "output_tokens", "candidates_token_count"),
    "reasoning": ("thoughts_token_count",),
    "cached": ("cached_content_token_count", "cache_read_input_tokens"),
    "written": ("cache_creation_input_tokens",),
    "total": ("total_tokens", "total_token_count"),
}
"""Of OpenAI, Anthropic and Google, in this order."""


def usage_of(response: Any, /) -> Usage:
    """Return the tokens that a `ChatResponse` or `CompletionResponse` tells of."""
    raw = response.raw
    places = () if raw is None else (_field(raw, "usage"), _field(raw, "usage_metadata"))
    for told in (*places, response.additional_kwargs):
        usage = _read(told) if told else NOTHING_KNOWN
        if usage is not NOTHING_KNOWN:
            return usage
    return NOTHING_KNOWN


def model_of(response: Any, /) -> str | None:
    """Return the model that the provider says it was, which may be a dated one."""
    raw = response.raw
    if raw is None:
        return None
    name = _field(raw, "model") or _field(raw, "model_version")
    return name if isinstance(name, str) else None


def says_something(chunk: Any, /) -> bool:
    """Say whether a chunk of a stream holds a token; those that providers open a stream with hold none."""
    if chunk.delta or chunk.additional_kwargs.get("thinking_delta"):
        return True
    if not isinstance(chunk, ChatResponse):
        return bool(chunk.text)
    if chunk.message.additional_kwargs.get("tool_calls"):
        return True
    return any(not isinstance(block, TextBlock) or block.text for block in chunk.message.blocks)


def model_named(told: Mapping[str, Any] | None, /) -> str | None:
    """Return the name of a model that was asked, out of what it says of itself: `to_payload()`, or once `to_dict()`."""
    name = (told.get("model") or told.get("model_name")) if told else None
    return name if isinstance(name, str) and name != "unknown" else None


def _read(told: Any) -> Usage:
    into, out = _first(told, "input"), _first(told, "output")
    if into is None and out is None:
        return NOTHING_KNOWN
    cached, written = _first(told, "cached"), _first(told, "written")
    if _count(_field(told, "cache_read_input_tokens")) is not None or written is not None:
        # Anthropic alone counts them beside its input.
        into = (into or 0) + (cached or 0) + (written or 0)
    details = _field(told, "prompt_tokens_details") or _field(told, "input_tokens_details")
    cached = _count(_field(details, "cached_tokens")) if cached is None else cached
    details = _field(told, "completion_tokens_details") or _field(told, "output_tokens_details")
    reasoning = _count(_field(details, "reasoning_tokens"))
    return Usage(
        into, out, cached, written, _first(told, "reasoning") if reasoning is None else reasoning, _first(told, "total")
    )


def _first(told: Any, what: str) -> int | None:
    return next((count for name in _NAMES[what] if (count := _count(_field(told, name))) is not None), None)


def _field(told: Any, name: str) -> Any:
    if isinstance(told, Mapping):
        return cast("Mapping[str, Any]", told).get(name)
    return getattr(told, name, None)


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and number >= 0 else None
