"""Which prompts are the same question."""

import json
from typing import Any
from uuid import uuid4

import pytest
from langchain_beautyspot import stable_key
from langchain_beautyspot.item_ids import without_item_ids
from langchain_beautyspot.prompts import canonical_prompt, readable_prompt
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.content import create_citation, create_image_block, create_text_block
from pydantic import BaseModel

CALL = {"name": "add", "args": {"a": 1, "b": 2}, "id": "call_1", "type": "tool_call"}
ASKED = HumanMessage("hello")


class Parsed(BaseModel):
    a: int


def key(*messages: Any, **options: Any) -> bytes:
    return canonical_prompt(dumps(list(messages)), **options)


SAME = AIMessage("yes", tool_calls=[CALL], response_metadata={"model_provider": "openai"})


@pytest.mark.parametrize(
    "brought",
    [
        {"id": "run-1"},
        {"usage_metadata": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}},
        {"usage_metadata": {"total_cost": 0}},
        {"response_metadata": {"model_provider": "openai", "id": "chatcmpl-2", "token_usage": {"total": 2}}},
        {"additional_kwargs": {"parsed": Parsed(a=1), "refusal": None}},
        {"tool_calls": [{**CALL, "args": {"b": 2, "a": 1}}]},
    ],
    ids=lambda brought: next(iter(brought)),
)
def test_what_an_answer_brought_along_does_not_make_another_question(brought: dict[str, Any]):
    assert key(ASKED, SAME.model_copy(update=brought)) == key(ASKED, SAME)


def test_a_text_or_call_of_a_function_is_the_same_without_its_id():
    parts = [
        {"type": "text", "text": "yes", "id": "msg_1"},
        {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "call_1", "id": "fc_1"},
        {"type": "tool_call", "name": "add", "args": {}, "id": "call_2", "extras": {"item_id": "fc_2", "status": "ok"}},
    ]
    bare = [
        {"type": "text", "text": "yes"},
        {"type": "function_call", "name": "add", "arguments": "{}", "call_id": "call_1"},
        {"type": "tool_call", "name": "add", "args": {}, "id": "call_2", "extras": {"status": "ok"}},
    ]
    assert without_item_ids(parts) == bare
    assert key(ASKED, AIMessage(parts)) == key(ASKED, AIMessage(bare))


def test_reasoning_is_nothing_without_the_ids_around_it():
    parts = [{"type": "reasoning", "summary": [], "id": "rs_1"}, {"type": "text", "text": "yes", "id": "msg_1"}]
    assert without_item_ids(parts) == parts


def blocks(text: str = "what is it?") -> list[Any]:
    """Make blocks as LangChain's own functions do: each has an id that comes by chance."""
    cited = {**create_text_block(text), "annotations": [create_citation(title="t")]}
    return [cited, create_image_block(base64="AAAA", mime_type="image/png")]


@pytest.mark.parametrize(
    "class_", [HumanMessage, SystemMessage, AIMessage, lambda given: ToolMessage(given, tool_call_id="1")]
)
def test_ids_that_langchain_draws_for_blocks_make_no_other_question(class_: Any):
    assert key(class_(blocks())) == key(class_(blocks())) != key(class_(blocks("what else?")))
    assert stable_key([class_(blocks())]) == stable_key([class_(blocks())]) != stable_key([class_(blocks("else"))])


def test_ids_that_somebody_gave_stay():
    given = [HumanMessage([{**create_text_block("q"), "id": name}]) for name in ("lc_one", "lc_two")]
    calls = [AIMessage([{**CALL, "id": f"lc_{uuid4()}"}]) for _ in range(2)]
    for one, two in (given, calls):
        assert key(one) != key(two)
        assert stable_key(one) != stable_key(two)


def test_a_streamed_message_is_the_whole_one():
    part = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "call_1", "index": 0, "type": "tool_call_chunk"}
    streamed = AIMessageChunk("yes", tool_call_chunks=[part], response_metadata={"model_provider": "openai"})
    assert streamed.tool_calls == [CALL]
    assert key(ASKED, streamed) == key(ASKED, SAME)


def test_what_a_tool_gave_beside_its_words_is_no_part_of_the_question():
    results = [ToolMessage("3", tool_call_id="call_1", artifact=artifact) for artifact in (None, object())]
    assert key(ASKED, SAME, results[0]) == key(ASKED, SAME, results[1])


@pytest.mark.parametrize(
    "other",
    [
        SAME.model_copy(update={"content": "no"}),
        SAME.model_copy(update={"name": "bot"}),
        SAME.model_copy(update={"tool_calls": [{**CALL, "args": {"a": True, "b": 2}}]}),
        SAME.model_copy(update={"tool_calls": [{**CALL, "id": "call_2"}]}),
        SAME.model_copy(update={"response_metadata": {"model_provider": "anthropic"}}),
        SAME.model_copy(update={"additional_kwargs": {"reasoning": "because"}}),
        HumanMessage("yes"),
        ToolMessage("yes", tool_call_id="call_1"),
        ToolMessage("yes", tool_call_id="call_1", status="error"),
    ],
    ids=repr,
)
def test_what_a_model_is_shown_makes_another_question(other: Any):
    assert key(ASKED, other) != key(ASKED, SAME)


def test_response_ids_count_for_a_model_that_sends_them():
    one, two = (SAME.model_copy(update={"response_metadata": {"id": name}}) for name in ("one", "two"))
    assert key(ASKED, one) == key(ASKED, two)
    assert key(ASKED, one, with_response_ids=True) != key(ASKED, two, with_response_ids=True)


def test_messages_do_not_run_into_each_other():
    assert key(HumanMessage("a"), HumanMessage("b")) != key(HumanMessage("ab"))
    assert key(SystemMessage("a")) != key(HumanMessage("a"))
    assert key(HumanMessage(["a", "b"]), SAME) != key(HumanMessage(["ab"]), SAME)


@pytest.mark.parametrize("end", ["", "]", '}}, {"x": "messages\\", \\"AI"}]', "[" * 100_000])
def test_a_text_that_begins_like_messages_is_a_text(end: str):
    text = dumps([SAME])[:-1] + end
    broken = text if end != "]" else text[:-3]
    assert canonical_prompt(broken) == b"text" + broken.encode()


def test_a_prompt_is_readable_in_any_language():
    text = readable_prompt(dumps([HumanMessage("黒子は何色?"), SAME]))
    assert json.loads(text)[0] == ["HumanMessage", {"content": "黒子は何色?"}]
    assert "黒子" in text
    assert readable_prompt("plain") == "plain"
