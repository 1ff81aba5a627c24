"""The tokens that an answer came to, as providers tell them in several places."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from langchain_core.messages import BaseMessage
from langchain_core.outputs import Generation, LLMResult


class Usage(NamedTuple):
    """Tokens of one call; None where the provider doesn't say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """Input tokens that the provider read from its own cache."""
    written_tokens: int | None = None
    """Input tokens that the provider wrote to its own cache."""
    reasoning_tokens: int | None = None
    """Output tokens that nobody sees."""
    said_total: int | None = None
    """The provider's own sum."""

    @property
    def total_tokens(self) -> int | None:
        """All tokens, or None if nothing is known."""
        if self.said_total is not None or self.input_tokens is self.output_tokens is None:
            return self.said_total
        return (self.input_tokens or 0) + (self.output_tokens or 0)


NOTHING_KNOWN = Usage()


class Reading(NamedTuple):
    """What a result says of the call it came from."""

    usage: Usage = NOTHING_KNOWN
    model: str | None = None
    """The one that the provider says it was, which may be a dated one."""
    hit: dict[str, Any] | None = None
    """The mark of a cache of ours that gave the answer."""
    key: str | None = None
    """Where a cache of ours keeps the answer, which the model has just given."""


def read_result(result: LLMResult, /) -> Reading:
    """Return what `result` says."""
    first = next((candidates[0] for candidates in result.generations if candidates), None)
    output = result.llm_output or {}
    if first is None:
        return Reading(usage_of(result), output.get("model_name"))
    said = _table(getattr(getattr(first, "message", None), "response_metadata", None)) or output
    name = said.get("model_name") or said.get("model")
    return Reading(
        usage_of(result), name if isinstance(name, str) else None, hit_mark(first), vars(first).get("_cache_key")
    )


def hit_mark(generation: Generation, /) -> dict[str, Any] | None:
    """Return the mark of an answer that came from a cache of ours: its `cache_key` and `saved_tokens`."""
    return _table(vars(generation).get("_cache_hit"))


def usage_of(result: LLMResult, /) -> Usage:
    """Return the tokens of `result`, whether it was paid for or read from a cache."""
    # Each candidate for one prompt carries the usage of them all.
    messages = [getattr(candidates[0], "message", None) for candidates in result.generations if candidates]
    known = [usage for usage in map(usage_of_message, messages) if usage is not NOTHING_KNOWN]
    if not known:
        return _of_output(result.llm_output or {})
    return Usage(*(_sum(column) for column in zip(*known, strict=True)))


def usage_of_message(message: BaseMessage | None, /) -> Usage:
    """Return the tokens that the provider wrote to an answer."""
    told = _table(getattr(message, "usage_metadata", None))
    if told is None or "input_tokens" not in told:  # LangChain adds a lone `total_cost` to hits
        return NOTHING_KNOWN
    into = _table(told.get("input_token_details")) or {}
    out = _table(told.get("output_token_details")) or {}
    numbers = (
        told["input_tokens"], told.get("output_tokens"), into.get("cache_read"),
        into.get("cache_creation"), out.get("reasoning"), told.get("total_tokens"),
    )  # fmt: skip
    return Usage(*map(_count, numbers))


def _of_output(output: dict[str, Any]) -> Usage:
    """Read what text models say beside their answers, in the words of OpenAI or of Anthropic."""
    told = _table(output.get("token_usage")) or _table(output.get("usage")) or {}
    into = _count(told.get("prompt_tokens", told.get("input_tokens")))
    out = _count(told.get("completion_tokens", told.get("output_tokens")))
    return Usage(into, out, said_total=_count(told.get("total_tokens")))


def _table(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and number >= 0 else None


def _sum(column: tuple[int | None, ...]) -> int | None:
    known = [number for number in column if number is not None]
    return sum(known) if known else None
