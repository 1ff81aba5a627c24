"""What can be told of an answer: whether it is whole, and what it cost."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation

REASON_FIELDS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "status")
"""Where providers say why an answer ended, in the order of how common they are."""
CUT_SHORT = frozenset(
    (
        "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "incomplete",
        "content_filter", "content_filtered", "guardrail_intervened", "refusal", "safety", "recitation", "blocklist",
        "prohibited_content", "spii", "language", "malformed_function_call", "error", "failed", "cancelled",
    )
)  # fmt: skip
"""Why an answer ended too early, as OpenAI, Anthropic, Google, Amazon, Mistral and Ollama put it, in small letters."""
TEXTS = ("text", "output_text")
OTHER_CONTENT = ("audio", "function_call", "tool_calls")


def is_complete(generations: Sequence[Generation], /) -> bool:
    """Say whether the answer is whole: not cut off at a limit, not filtered, and not empty."""
    return bool(generations) and not any(_is_empty(each) or CUT_SHORT & {*_reasons(each)} for each in generations)


def tokens_of(generations: Sequence[Generation], /) -> int | None:
    """Return the tokens that the call took, its question included; None if the provider didn't say."""
    for generation in generations:
        # Each of several generations carries the usage of the whole call.
        message = generation.message if isinstance(generation, ChatGeneration) else None
        if isinstance(message, AIMessage) and message.usage_metadata:
            return message.usage_metadata.get("total_tokens")
    return None


def _reasons(generation: Generation) -> Iterator[str]:
    sources: list[dict[str, Any]] = [generation.generation_info or {}]
    if isinstance(generation, ChatGeneration):
        sources.append(generation.message.response_metadata)
    return (str(source[field]).lower() for source in sources for field in REASON_FIELDS if field in source)


def _is_empty(generation: Generation) -> bool:
    if generation.text.strip():
        return False
    if not isinstance(generation, ChatGeneration):
        return True
    message = generation.message
    if not isinstance(message.content, str) and any(map(_says, message.content)):
        return False
    if isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
        return False
    return not any(message.additional_kwargs.get(field) for field in OTHER_CONTENT)


def _says(part: Any) -> bool:
    """Say whether a part of a content is an answer, such as an image or reasoning: no text, as that is empty here."""
    return isinstance(part, dict) and cast("dict[str, Any]", part).get("type") not in TEXTS
