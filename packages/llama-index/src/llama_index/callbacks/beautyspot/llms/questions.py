"""What is asked of a model, as a key sees it."""

# Options, and what blocks hold, are anybody's.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from io import IOBase
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.journal import Journal
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name
from beautyspot.tallies import Tally

from llama_index.callbacks.beautyspot.asking import Settings, Watch
from llama_index.callbacks.beautyspot.copies import own_class
from llama_index.callbacks.beautyspot.identity import (
    all_settings,
    identity_of,
    is_users,
    keyable_part,
    model_name,
    registry_of,
    settings_of_options,
)
from llama_index.core.base.llms.generic_utils import messages_to_prompt
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.llms.llm import LLM, default_completion_to_prompt
from llama_index.core.schema import ImageDocument, ImageNode
from llama_index.core.tools.types import BaseTool

FORMAT = 1
Family = Literal["chat", "completion"]
"""The entry points that share answers: `chat` and its async and streamed kin, `complete` and its."""
Asked = Sequence[ChatMessage] | str
KeyFn = Callable[[Any, dict[str, Any]], Any]
_DATA_FIELDS = ("image", "audio", "video", "data")
_ID_FIELDS = ("tool_call_id", "call_id", "tool_id")


class Question(NamedTuple):
    """What is asked of which model."""

    key: str
    tally: Tally
    """Of the model; its `func_name` is what rows of the model are filed under."""
    settings: Settings
    """Of the model, as they are in the key."""


class Questions:
    """Makes the questions of one cache."""

    def __init__(
        self, journal: Journal, known: KeyRegistry, *, namespace: str, key_fn: KeyFn | None, model_id: str | None
    ) -> None:
        """Count in `journal`, and make keys with what the user said of classes, which is `known`."""
        registry = registry_of(known)
        registry.functions.setdefault(BaseTool, _tool)
        self._canonical = Canonical(registry)
        self._known = known.functions
        self._journal = journal
        self._namespace = namespace
        self._key_fn = key_fn
        self._model_id = model_id
        self._tallies: dict[tuple[str, str], Tally] = {}

    def question(self, llm: LLM, family: Family, asked: Asked, options: Mapping[str, Any], /) -> Question:
        """Return what is asked.

        Raises:
            UnkeyableArgument, ConfigurationError: the model, or an option, has no content that a key could be made of.
        """
        told = settings_of_options(options)
        if self._key_fn is None:
            content = [_content(asked), self._canonical.form(told), _prompt(llm, asked, told)]
        else:
            content = [self._canonical.form(self._key_fn(asked, told))]
        identity = self.identity(llm)
        packed = pack([FORMAT, self._namespace, family, identity, *content])
        return Question(digest(packed).hex(), self._tally(llm), _settings_in(identity))

    def watch(self, llm: LLM, question: Question, /) -> Watch:
        """Return what sees whether `llm` is asked with the settings in the key."""
        return Watch(llm, question.settings, partial(self._settings, llm), partial(is_users, type(llm)))

    def identity(self, llm: LLM, /) -> Any:
        """Return the form of what tells `llm` from other models.

        Raises:
            UnkeyableArgument, ConfigurationError: a setting has no content, and there is no `model_id`.
        """
        if self._model_id is not None:
            return [qualified_name(type(llm)), self._model_id, keyable_part(all_settings(llm), self._canonical)]
        if getattr(llm, "track_previous_responses", False):
            raise ConfigurationError(
                f"{type(llm).__name__} got track_previous_responses=True, so its answers hang on calls that no key "
                "knows of; set it to False and send the history"
            )
        if any(class_ in self._known for class_ in type(llm).__mro__):
            return self._canonical.form(llm)
        # What shapes its prompts is in what is asked.
        return [qualified_name(own_class(llm)), self._canonical.form(identity_of(llm))]

    def _settings(self, llm: LLM) -> Settings:
        """Return the settings of now, without those that were changed to what has no content."""
        try:
            return _settings_in(self.identity(llm))
        except (UnkeyableArgument, ConfigurationError):
            return keyable_part(all_settings(llm), self._canonical)

    def _tally(self, llm: LLM) -> Tally:
        name = (type(llm).__name__, model_name(llm))
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = self._journal.tally(f"llama_index.{name[0]}.{name[1]}")
        return tally


def _settings_in(identity: Any) -> Settings:
    """Return the forms of the settings by their names; content that the user told of begins with a tag."""
    return identity[-1] if type(identity[0]) is str else {"content": identity}


def _content(asked: Asked) -> Any:
    if isinstance(asked, str):
        return asked
    ids: dict[str, int] = {}
    return [_message(message, ids) for message in asked]


def _message(message: ChatMessage, ids: dict[str, int]) -> list[Any]:
    blocks = [block.text if type(block) is TextBlock else _block(block, ids) for block in message.blocks]
    if not message.additional_kwargs:
        return [message.role.value, blocks]
    more = dict(message.additional_kwargs)
    if "images" in more:
        more["images"] = [*map(_picture, more["images"])]
    calls = more.pop("tool_calls", None)  # which mostly are blocks as well
    if calls and not any(isinstance(block, ToolCallBlock) for block in message.blocks):
        blocks.append(["tool_calls", [_call(_plain(call), ids) for call in calls]])
    return [message.role.value, blocks, _with_places(_plain(more), ids)]


def _picture(picture: Any) -> Any:
    """Return what a picture of older programs shows: it is a document, with an id of its own."""
    if not isinstance(picture, ImageDocument | ImageNode):
        return picture
    data = None if picture.image is None else picture.image.encode()
    return {"image": data or _file(picture.image_path), "url": picture.image_url}


def _file(path: Any) -> bytes | str | None:
    """Return what a file holds, whatever it is called, or how it is called where there is none."""
    return b64encode(Path(path).read_bytes()) if path is not None and Path(path).is_file() else path and str(path)


def _block(block: Any, ids: dict[str, int]) -> Any:
    if isinstance(block, ToolCallBlock):
        return ["tool_call", _place(block.tool_call_id, ids), block.tool_name, _plain(block.tool_kwargs)]
    return _plain(block)


def _call(call: Any, ids: dict[str, int]) -> Any:
    if not isinstance(call, dict):
        return call
    fields = {name: value for name, value in call.items() if name not in ("id", "index")}  # only streams have an index
    return _with_places({"tool_call_id": call.get("id"), **fields}, ids)


def _with_places(fields: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    return {name: _place(value, ids) if name in _ID_FIELDS else value for name, value in fields.items()}


def _place(id_: Any, ids: dict[str, int]) -> Any:
    """Return the place of an id among those of a question.

    A provider makes up new ids at each call. By its place, a second turn is found though the first was made anew.
    """
    return ids.setdefault(id_, len(ids)) if isinstance(id_, str) else id_


def _plain(value: Any) -> Any:
    """Return what a provider is sent of `value`, whose classes don't matter to it."""
    if value is None or isinstance(value, str | int | float | bytes):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, dict):
        return {str(name): _plain(value[name]) for name in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, IOBase):
        return b64encode(_bytes_of(value))  # as blocks hold bytes that they are given
    if isinstance(value, BaseModel):
        return _fields(value)
    if type(value).__module__.startswith(("pydantic", "pathlib")):
        return str(value)
    raise UnkeyableArgument(
        f"a message holds a {type(value).__name__}, which no key can be made of; give the cache a key_fn="
    )


def _fields(model: BaseModel) -> dict[str, Any]:
    fields = {name: value for name, value in model if value is not None}
    data = next((name for name in _DATA_FIELDS if name in type(model).model_fields), None)
    if data is not None and not fields.get(data) and "path" in fields:
        fields[data] = _file(fields.pop("path"))
    return _plain(fields)


def _bytes_of(file: Any) -> bytes:
    place = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(place)
    return data


def _prompt(llm: LLM, asked: Asked, options: Mapping[str, Any]) -> str | None:
    """Return what a function of the user's makes of a question; the default one makes nothing that a key lacks."""
    if isinstance(asked, str):
        convert = llm.completion_to_prompt
        is_default = convert in (None, default_completion_to_prompt) or options.get("formatted", False)
        return None if is_default else cast("Any", convert)(asked)
    convert = llm.messages_to_prompt
    return None if convert in (None, messages_to_prompt) else cast("Any", convert)(asked)


def _tool(tool: BaseTool) -> list[Any]:
    return [tool.metadata.name, tool.metadata.description, tool.metadata.get_parameters_dict()]
