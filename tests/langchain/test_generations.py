"""Answers as bytes and back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgpack
import pytest
from beautyspot.errors import SerializationError
from beautyspot.serializers import MsgpackSerializer
from langchain_beautyspot.answers import is_complete, tokens_of
from langchain_beautyspot.generations import CHATS, MESSAGES, TEXTS, Answer, AnswerSerializer
from langchain_beautyspot.plain_answers import is_plain, plain_answer
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk
from pydantic import BaseModel

USAGE = UsageMetadata(input_tokens=1, output_tokens=2, total_tokens=3)
CALL = {"name": "add", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}
BROKEN = {"name": "add", "args": "{", "id": "call_1", "error": "no JSON", "type": "invalid_tool_call"}
serializer = AnswerSerializer(MsgpackSerializer())


def again(*generations: Generation) -> list[Generation]:
    return serializer.loads(serializer.dumps(Answer(list(generations)))).generations


def chat(*args: Any, **fields: Any) -> ChatGeneration:
    return ChatGeneration(message=AIMessage(*args, **fields))


ANSWERS = {
    "text": Generation(text="yes", generation_info={"finish_reason": "stop"}),
    "part of a text": GenerationChunk(text="yes"),
    "chat": chat("yes", usage_metadata=USAGE, response_metadata={"logprobs": {"content": [0.5, None]}}),
    "with info": ChatGeneration(message=AIMessage("yes"), generation_info={"finish_reason": "stop"}),
    "tools": chat("", tool_calls=[CALL], invalid_tool_calls=[BROKEN]),
    "part of a chat": ChatGenerationChunk(message=AIMessageChunk("yes", tool_call_chunks=[], chunk_position="last")),
    "blocks": chat([{"type": "text", "text": "yes", "annotations": []}, {"type": "image", "data": b"\x00\xff"}]),
    "objects": chat("yes", additional_kwargs={"at": datetime(2026, 1, 1, tzinfo=UTC), "bytes": b"\x00", "big": 2**70}),
    "unknown field": chat("yes", brand_new=[1]),
    "empty": chat(""),
}


@pytest.mark.parametrize("generation", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_comes_back_as_it_was(generation: Generation):
    [back] = again(generation)
    assert back == generation
    assert type(back) is type(generation)


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_class_of_message_comes_back(kind: str):
    needed = {"ToolMessage": {"tool_call_id": "1"}, "ChatMessage": {"role": "x"}, "FunctionMessage": {"name": "f"}}
    message = MESSAGES[kind](content="yes", **needed.get(kind.removesuffix("Chunk"), {}))
    generation = (ChatGenerationChunk if kind.endswith("Chunk") else ChatGeneration)(message=message)
    assert again(generation) == [generation]


def test_the_bytes_are_plain_data_with_the_names_of_a_closed_table():
    data = serializer.dumps(Answer([chat("yes", id="run-1")], tokens=3))
    kept = msgpack.unpackb(data)
    assert kept.keys() == {"format", "generations", "tokens"}
    assert kept["generations"][0][:3] == ["ChatGeneration", None, "AIMessage"]
    assert len(TEXTS) + len(CHATS) + len(MESSAGES) == 16


class Parsed(BaseModel):
    a: int


def test_a_parsed_object_is_kept_as_the_text_says_it():
    [back] = again(chat('{"a": "1"}', additional_kwargs={"parsed": Parsed(a=1)}))
    assert back.message.additional_kwargs == {"parsed": {"a": "1"}}


def test_an_object_that_its_text_does_not_tell_is_refused_with_the_next_step():
    with pytest.raises(SerializationError, match=r"parsed 'Parsed', and its text is no JSON .*; give .*cache=False"):
        again(chat("one", additional_kwargs={"parsed": Parsed(a=1)}))


def test_a_class_of_the_users_is_refused_with_the_next_step():
    class Mine(Generation):
        pass

    with pytest.raises(SerializationError, match=r"Mine in an answer; .* let the model return these, or .*cache=False"):
        serializer.dumps(Answer([Mine(text="yes")]))


@pytest.mark.parametrize("fields", [{}, {"id": "run-1", "name": "bot", "usage_metadata": USAGE}])
def test_the_short_way_makes_what_the_constructors_make(fields: dict[str, Any]):
    whole = AIMessage("yes", **fields).model_dump(exclude={"type"})
    assert is_plain({}, whole)
    short, long = plain_answer({"a": 1}, whole), ChatGeneration(message=AIMessage(**whole), generation_info={"a": 1})
    assert short.__getstate__() == long.__getstate__()
    assert short.message.__getstate__() == long.message.__getstate__()


@pytest.mark.parametrize(
    "field", [{"content": []}, {"tool_calls": [CALL]}, {"brand_new": 1}, {"name": 3}, {"response_metadata": None}]
)
def test_whatever_is_not_plain_goes_the_long_way(field: dict[str, Any]):
    assert not is_plain(None, {**AIMessage("yes").model_dump(exclude={"type"}), **field})


@pytest.mark.parametrize(
    "generation",
    [
        ANSWERS["text"], ANSWERS["chat"], ANSWERS["tools"], ANSWERS["blocks"],
        chat("", additional_kwargs={"audio": {"id": "a"}}),
        chat("yes", response_metadata={"stop_reason": "end_turn", "status": "completed"}),
        chat("yes", response_metadata={"finish_reason": None}),
    ],
)  # fmt: skip
def test_a_whole_answer_is_kept(generation: Generation):
    assert is_complete([generation])


@pytest.mark.parametrize(
    "generation",
    [
        Generation(text=" \n"),
        Generation(text="yes", generation_info={"finish_reason": "length"}),
        ChatGeneration(message=AIMessage("yes"), generation_info={"finish_reason": "content_filter"}),
        chat("yes", response_metadata={"finish_reason": "MAX_TOKENS"}),
        chat("yes", response_metadata={"finish_reason": "SAFETY"}),
        chat("yes", response_metadata={"stop_reason": "max_tokens"}),
        chat("yes", response_metadata={"stop_reason": "refusal"}),
        chat("yes", response_metadata={"done_reason": "length"}),
        chat("yes", response_metadata={"status": "incomplete"}),
        chat("", additional_kwargs={"refusal": "I can't"}),
        chat([]),
        chat(""),
    ],
)
def test_a_cut_filtered_or_empty_answer_is_not(generation: Generation):
    assert not is_complete([ANSWERS["text"], generation])


def test_tokens_are_those_of_the_call_however_many_answers_it_gave():
    assert tokens_of([chat("a", usage_metadata=USAGE), chat("b", usage_metadata=USAGE)]) == 3
    assert tokens_of([Generation(text="a")]) is tokens_of([]) is None


@dataclass
class Info:
    x: int = 1


@pytest.mark.parametrize("field", ["additional_kwargs", "response_metadata"])
def test_an_object_that_has_no_place_is_not_kept_as_a_dict(field: str):
    with pytest.raises(SerializationError, match="register_type"):
        serializer.dumps(Answer([chat("yes", **{field: {"info": Info()}})]))


@pytest.mark.parametrize("content", [[{"type": "text", "text": ""}], [""], [{"type": "output_text", "text": " "}]])
def test_parts_without_a_text_are_no_answer(content: Any):
    assert not is_complete([chat(content)])
    assert is_complete([chat([*content, {"type": "reasoning", "reasoning": "so"}])])
