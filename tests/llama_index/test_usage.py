"""Providers tell the tokens of a call in their own words."""

from types import SimpleNamespace
from typing import Any

import pytest
from beautyspot.recording import NOTHING_KNOWN, Usage
from llama_index.callbacks.beautyspot.recorder.usage import model_of, says_something, usage_of
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse


def said(raw: Any, **more: Any) -> ChatResponse:
    return ChatResponse(message=ChatMessage("yes"), raw=raw, additional_kwargs=more)


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (
            {
                "usage": {
                    "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
                    "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 3},
                }
            },
            Usage(9, 5, 4, None, 3, 14),
        ),
        (
            {"usage": {"input_tokens": 9, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}}},
            Usage(9, 5, 4),
        ),
        (
            {
                "usage": {
                    "input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 100,
                    "cache_creation_input_tokens": 20,
                }
            },
            Usage(129, 5, 100, 20),
        ),
        (
            {
                "usage_metadata": {
                    "prompt_token_count": 9, "candidates_token_count": 5, "cached_content_token_count": 4,
                    "thoughts_token_count": 2, "total_token_count": 16,
                }
            },
            Usage(9, 5, 4, None, 2, 16),
        ),
        ({"usage": {"prompt_tokens": "many"}}, NOTHING_KNOWN),
        ({}, NOTHING_KNOWN),
        (None, NOTHING_KNOWN),
    ],
    ids=["openai", "openai responses", "anthropic", "google", "no number", "silent", "nothing"],
)  # fmt: skip
def test_tokens_are_read_in_the_words_of_each_provider(raw: Any, usage: Usage) -> None:
    assert usage_of(said(raw)) == usage


def test_objects_are_read_as_dicts_are() -> None:
    usage = SimpleNamespace(prompt_tokens=9, completion_tokens=5)
    raw = SimpleNamespace(usage=usage, model="gpt-9-2026-01-01")
    assert usage_of(said(raw)) == Usage(9, 5)
    assert model_of(said(raw)) == "gpt-9-2026-01-01"


def test_what_stands_beside_an_answer_is_read_where_the_raw_one_says_nothing() -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 5}
    assert usage_of(CompletionResponse(text="a", additional_kwargs=told)) == Usage(9, 5)


@pytest.mark.parametrize(
    ("chunk", "told"),
    [
        (ChatResponse(message=ChatMessage(role="assistant"), delta=""), False),
        (ChatResponse(message=ChatMessage("", role="assistant")), False),
        (ChatResponse(message=ChatMessage("so far", role="assistant")), True),
        (ChatResponse(message=ChatMessage(role="assistant"), additional_kwargs={"thinking_delta": "hm"}), True),
        (ChatResponse(message=ChatMessage(role="assistant", additional_kwargs={"tool_calls": [1]})), True),
        (CompletionResponse(text="", delta=""), False),
        (CompletionResponse(text="so far"), True),
    ],
)
def test_text_thoughts_and_calls_of_tools_are_tokens(chunk: Any, told: bool) -> None:
    assert says_something(chunk) is told
