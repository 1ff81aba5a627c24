"""What can be told of an answer: whether it is whole, and what it cost."""

# What a provider adds to an answer is of any type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock

Response = ChatResponse | CompletionResponse
REASON_FIELDS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "status")
"""Where providers say why an answer ended, in the order of how common they are."""
CUT_SHORT = frozenset(
    (
        "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "incomplete",
        "content_filter", "content_filtered", "guardrail_intervened", "refusal", "safety", "recitation", "blocklist",
        "prohibited_content", "spii", "language", "malformed_function_call", "error", "failed", "cancelled",
        "queued", "in_progress",
    )
)  # fmt: skip
"""Why an answer is not whole, as OpenAI, Anthropic, Google, Amazon, Mistral and Ollama put it, in small letters."""
_CHOICES = ("choices", "candidates", "response")
_OTHER_CONTENT = ("audio", "function_call", "tool_calls")


def is_complete(response: Response, /) -> bool:
    """Say whether an answer is whole: not cut off at a limit, not filtered, and not empty."""
    return not (is_empty(response) or is_cut_short(response))


def is_cut_short(response: Response, /) -> bool:
    """Say whether the provider tells that it ended the answer too early."""
    sources = (response.raw, response.additional_kwargs)
    return any(reason in CUT_SHORT for source in sources for reason in _reasons(source))


def is_empty(response: Response, /) -> bool:
    """Say whether there is neither text nor a call of a tool nor anything else in an answer."""
    if isinstance(response, CompletionResponse):
        return not response.text.strip()
    message: ChatMessage = response.message
    if any(not isinstance(block, TextBlock) or block.text.strip() for block in message.blocks):
        return False
    return not any(message.additional_kwargs.get(field) for field in _OTHER_CONTENT)


def part(thing: Any, name: str, /) -> Any:
    """Return what a mapping or an object holds under a name, or None."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _reasons(source: Any) -> Iterator[str]:
    for field in REASON_FIELDS:
        reason = part(source, field)
        if reason is not None:
            yield str(getattr(reason, "value", reason)).lower()
    for name in _CHOICES:
        inner = part(source, name)
        for each in inner if isinstance(inner, list) else [inner] if inner is not None else []:
            yield from _reasons(each)
