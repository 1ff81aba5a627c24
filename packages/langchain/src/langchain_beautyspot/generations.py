"""Answers as bytes: msgpack of plain data, each part under the name of a class in a closed table.

A row can name no other class, so nothing that lies in a database is ever imported, evaluated or instantiated, whoever
wrote it. LangChain's own `dumps` and `loads` are not used.
"""

import os
from typing import Any, NamedTuple

from beautyspot.answers import answer_of
from beautyspot.errors import SerializationError
from beautyspot.protocols import Buffer, Serializer
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk
from pydantic import BaseModel

from langchain_beautyspot.item_ids import without_item_ids
from langchain_beautyspot.parsed_objects import PARSED, has_object, told_by
from langchain_beautyspot.plain_answers import is_plain, plain_answer

FORMAT = 1
TEXTS: dict[str, type[Generation]] = {"Generation": Generation, "GenerationChunk": GenerationChunk}
CHATS: dict[str, type[ChatGeneration]] = {"ChatGeneration": ChatGeneration, "ChatGenerationChunk": ChatGenerationChunk}
MESSAGES: dict[str, type[BaseMessage]] = {
    "AIMessage": AIMessage,
    "AIMessageChunk": AIMessageChunk,
    "ChatMessage": ChatMessage,
    "ChatMessageChunk": ChatMessageChunk,
    "FunctionMessage": FunctionMessage,
    "FunctionMessageChunk": FunctionMessageChunk,
    "HumanMessage": HumanMessage,
    "HumanMessageChunk": HumanMessageChunk,
    "SystemMessage": SystemMessage,
    "SystemMessageChunk": SystemMessageChunk,
    "ToolMessage": ToolMessage,
    "ToolMessageChunk": ToolMessageChunk,
}
_NAMES: dict[type, str] = {cls: name for table in (TEXTS, CHATS, MESSAGES) for name, cls in table.items()}


class Answer(NamedTuple):
    """What one call of a model gave."""

    generations: list[Generation]
    tokens: int | None = None
    """That the call took, as far as the provider said."""
    prompt: str | None = None
    """What was asked, where the user wants that kept."""


class AnswerSerializer:
    """Turns an `Answer` into bytes and back, with fresh message ids and no ids of parts that stand alone."""

    def __init__(self, inner: Serializer) -> None:
        """Let `inner` pack the plain data; it knows the types that the user registered."""
        self._inner = inner

    def dumps(self, value: Answer, /) -> bytes:
        """Return `value` as bytes.

        Raises:
            SerializationError: a generation or message is none of the known classes, or holds what can't be kept.
        """
        content: dict[str, Any] = {"format": FORMAT, "generations": [_packed(each) for each in value.generations]}
        if value.tokens is not None:
            content["tokens"] = value.tokens
        if value.prompt is not None:
            content["prompt"] = value.prompt
        return self._inner.dumps(content)

    def loads(self, data: Buffer, /) -> Answer:
        """Return the answer; a message that had an id has a new one.

        Raises:
            DamagedEntryError: `data` is no answer, or one that a later release wrote.
        """
        return answer_of(self._inner.loads(data), _made, layout=FORMAT, package="langchain-beautyspot")


def fresh_id() -> str:
    """Return a message id that was never used, in the form of those that LangChain gives a run's messages."""
    return f"lc_run--{os.urandom(16).hex()}"


def _packed(generation: Generation) -> list[Any]:
    name = _name(generation)
    if not isinstance(generation, ChatGeneration):
        return [name, generation.generation_info, generation.text]
    message = generation.message
    fields = fields_of(message)
    del fields["type"]
    if has_object(message):
        fields["additional_kwargs"] = {**message.additional_kwargs, PARSED: told_by(message)}
    return [name, generation.generation_info, _name(message), fields]


def fields_of(thing: BaseModel, /) -> dict[str, Any]:
    """Return the fields of a message or document as they are: a dump would make dicts of the objects within."""
    known = type(thing).model_fields
    return {name: value for name, value in vars(thing).items() if name in known} | (thing.model_extra or {})


def _name(thing: object) -> str:
    name = _NAMES.get(type(thing))
    if name is None:
        raise SerializationError(
            f"no place for {type(thing).__module__}.{type(thing).__qualname__} in an answer; the cache keeps "
            "LangChain's own generations and messages; let the model return these, or give it cache=False"
        )
    return name


def _made(kept: dict[str, Any]) -> Answer:
    generations = [_unpacked(*each) for each in kept["generations"]]
    generations[0]  # LangChain takes a list without any for a hit, and then fails on it
    return Answer(generations, kept.get("tokens"), kept.get("prompt"))


def _unpacked(name: str, info: dict[str, Any] | None, text_or_kind: str, fields: Any = None) -> Generation:
    if fields is None:
        return TEXTS[name](text=text_or_kind, generation_info=info)
    if fields.get("id") is not None:
        fields["id"] = fresh_id()
    if name == "ChatGeneration" and text_or_kind == "AIMessage" and is_plain(info, fields):
        return plain_answer(info, fields)
    fields["content"] = without_item_ids(fields["content"])
    return CHATS[name](message=MESSAGES[text_or_kind](**fields), generation_info=info)
