"""Answers as bytes: msgpack of plain data. Nothing in it names a class but by a word of a closed table."""

# What a provider adds to an answer is of any type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple, get_args

from beautyspot.answers import answer_of
from beautyspot.errors import SerializationError
from beautyspot.protocols import Buffer, Serializer

from llama_index.callbacks.beautyspot.llms.answers import Response
from llama_index.callbacks.beautyspot.llms.texts import Marks
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock
from llama_index.core.bridge.pydantic import BaseModel

FORMAT = 1
OBJECT = "beautyspot:object"
"""The one key of a dict that stands for an object of a known class."""
CLASSES = {
    "ChatCompletion": "openai.types.chat.chat_completion",
    "ChatCompletionChunk": "openai.types.chat.chat_completion_chunk",
    "ChatCompletionMessageFunctionToolCall": "openai.types.chat.chat_completion_message_function_tool_call",
    "ChoiceDeltaToolCall": "openai.types.chat.chat_completion_chunk",
    "Completion": "openai.types.completion",
    "Response": "openai.types.responses.response",
    "ResponseUsage": "openai.types.responses.response_usage",
}
"""Where the classes are defined that come back as they were; objects of others come back as dicts."""
UNIONS = {
    "Annotation": "openai.types.responses.response_output_text",
    "ResponseOutputItem": "openai.types.responses.response_output_item",
    "ResponseStreamEvent": "openai.types.responses.response_stream_event",
}
"""Where OpenAI lists further classes that do: a hundred, and more with each release."""
_members: dict[str, str] = {}
OTHER = "beautyspot:other"
"""Under which something lies that has no fields."""
OF_CHUNKS = ("raws", "besides")
"""Of an `Answer`: packed apart, as who wants no stream has no use for them."""
MOST_RAW_BYTES = 1 << 20
"""Of what a client gave for the chunks of a stream: some give with each all that was said before, again."""


class Answer(NamedTuple):
    """What one call of a model gave."""

    response: Response
    """The whole of it; of a stream the last chunk."""
    deltas: Sequence[str | None] | None = None
    """Of a stream."""
    thoughts: Sequence[str | None] | None = None
    """What each chunk of a stream adds to what the model thinks, where it tells."""
    tokens: int | None = None
    """That the call took, as far as the provider said."""
    raws: Iterable[Any] = ()
    """What the provider's client gave for each chunk of a stream; of a kept answer, to be read once."""
    cut_short: bool = False
    """Whether a chunk before the last told that the stream ended too early; not kept."""
    besides: Iterable[dict[str, Any]] = ()
    """What each chunk of a stream tells beside; of a kept answer, to be read once."""
    texts: Marks | None = None
    """What the chunks show as their text; a last one without a mark shows the whole answer."""


class AnswerSerializer:
    """Turns an `Answer` into bytes and back."""

    def __init__(self, inner: Serializer) -> None:
        """Let `inner` pack the plain data; it knows the types that the user registered."""
        self._inner = inner

    def dumps(self, value: Answer, /) -> bytes:
        """Return `value` as bytes; what the provider's client returned is left out if it can't be kept.

        Raises:
            SerializationError: anything else in it can't be kept.
        """
        content = _content(value)
        for name in OF_CHUNKS:
            packed = self._packed(getattr(value, name))
            if packed:
                content[name] = packed
        try:
            return self._inner.dumps(content)
        except SerializationError:
            return self._inner.dumps({**content, "raw": self._keepable(content["raw"])})

    def _keepable(self, raw: Any) -> Any:
        """Return the fields of what can't be kept as it is, or nothing where they can't either."""
        opened = _opened(raw)
        try:
            self._inner.dumps(opened)
        except SerializationError:
            return None
        return opened

    def _packed(self, told: Iterable[Any]) -> bytes:
        """Return it packed, or nothing where there is none, too much, or some that can't be kept."""
        if not told:
            return b""
        try:
            packed = self._inner.dumps(list(_thin(told)))
        except SerializationError:
            opened = self._keepable(list(_thin(map(_opened, told))))
            packed = b"" if opened is None else self._inner.dumps(opened)
        return packed if len(packed) <= MOST_RAW_BYTES else b""

    def loads(self, data: Buffer, /) -> Answer:
        """Return the answer, made of objects that nobody else has.

        Raises:
            DamagedEntryError: `data` is no answer, or one that a later release wrote.
        """
        kept = self._inner.loads(data)
        answer = answer_of(kept, _answer, layout=FORMAT, package="llama-index-callbacks-beautyspot")
        packed = {name: kept[name] for name in OF_CHUNKS if name in kept}
        return answer._replace(**{name: self._unpacked(packed[name]) for name in packed}) if packed else answer

    def _unpacked(self, packed: Buffer) -> Iterator[Any]:
        return _thick(self._inner.loads(packed))


def _content(answer: Answer) -> dict[str, Any]:
    response = answer.response
    content: dict[str, Any] = {"format": FORMAT, "raw": _plain(response.raw)}
    if isinstance(response, ChatResponse):
        message = response.message
        content["role"] = message.role.value
        content["blocks"] = [block.text if type(block) is TextBlock else _fields(block) for block in message.blocks]
        content["of_message"] = _plain(message.additional_kwargs)
    else:
        content["text"] = response.text
    more = {
        "delta": response.delta,
        "logprobs": _plain(response.logprobs),
        "of_response": _plain(response.additional_kwargs),
        "deltas": answer.deltas,
        "thoughts": answer.thoughts,
        "tokens": answer.tokens,
        "texts": answer.texts,
    }
    return content | {name: value for name, value in more.items() if value not in (None, {}, [])}


def _answer(kept: dict[str, Any]) -> Answer:
    return Answer(
        _response(kept), kept.get("deltas"), kept.get("thoughts"), kept.get("tokens"),
        texts=kept.get("texts"),
    )  # fmt: skip


def _response(kept: dict[str, Any]) -> Response:
    raw, more = _made(kept["raw"]), _made(kept.get("of_response", {}))
    told: dict[str, Any] = {name: kept.get(name) for name in ("delta", "logprobs")}
    told |= {"raw": raw, "additional_kwargs": more}
    if "text" in kept:
        return CompletionResponse(text=kept["text"], **told)
    blocks = [TextBlock(text=block) if isinstance(block, str) else block for block in kept["blocks"]]
    message = ChatMessage(role=kept["role"], blocks=blocks, additional_kwargs=_made(kept.get("of_message", {})))
    return ChatResponse(message=message, **told)


def _thin(raws: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield of each what differs from the one before, which is little, and the names of what is gone."""
    before: dict[Any, Any] = {}
    for raw in raws:
        plain = _plain(raw)
        fields: dict[Any, Any] = plain if isinstance(plain, dict) else {OTHER: plain}
        if fields.keys() == {OBJECT}:
            name, fields = fields[OBJECT]
            fields = {**fields, OBJECT: name}
        changed = {name: value for name, value in fields.items() if name not in before or before[name] != value}
        yield [changed, *(name for name in before if name not in fields)]
        before = fields


def _thick(thin: Iterable[list[Any]]) -> Iterator[Any]:
    """Undo `_thin`, one at a time: who wants no stream has no use for them."""
    fields: dict[Any, Any] = {}
    for changed, *gone in thin:
        fields = {name: value for name, value in {**fields, **changed}.items() if name not in gone}
        if OTHER in fields:
            yield fields[OTHER]
        elif OBJECT in fields:
            yield _object(fields[OBJECT], {name: value for name, value in fields.items() if name != OBJECT})
        else:
            yield _made(fields)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        name = type(value).__name__
        fields = _fields(value)
        return {OBJECT: [name, fields]} if _module_of(name) == type(value).__module__ else fields
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if type(value).__module__.startswith(("pydantic", "pathlib")) else value


def _opened(value: Any) -> Any:
    """Return the fields of dataclasses, which nobody registered."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _opened(_plain(getattr(value, field.name))) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: _opened(each) for name, each in value.items()}
    return [_opened(each) for each in value] if isinstance(value, list) else value


def _fields(model: BaseModel) -> dict[str, Any]:
    # What a provider made up is kept as it came, and what it left out is left out.
    return _plain(model.model_dump(warnings=False, exclude_unset=not _is_block(model), exclude_none=_is_block(model)))


def _is_block(model: BaseModel) -> bool:
    return "block_type" in type(model).model_fields


def _module_of(name: str) -> str | None:
    return CLASSES.get(name) or _listed().get(name)


def _listed() -> dict[str, str]:
    """Return where the classes of the unions are defined, once the provider's client has loaded them all."""
    if not _members:
        unions = [getattr(sys.modules.get(module), name, None) for name, module in UNIONS.items()]
        if None not in unions:
            classes = [class_ for union in unions for class_ in get_args(get_args(union)[0])]
            _members.update({class_.__name__: class_.__module__ for class_ in classes})
    return _members


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return [_made(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {OBJECT}:
        return _object(*value[OBJECT])
    return {name: _made(each) for name, each in value.items()}


def _object(name: str, fields: dict[str, Any]) -> Any:
    # In a module that the provider's client has loaded: nothing is imported for the sake of data.
    class_: Any = getattr(sys.modules.get(_module_of(name) or ""), name, None)
    if class_ is None:
        return fields
    try:
        return class_.model_validate(fields)
    except ValueError:  # servers that speak like OpenAI leave fields out, and its client doesn't mind either
        return class_.model_construct(**fields)
