"""What the text says by which LangChain tells a cache of the model: who provides it, and its name."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from beautyspot.keys.parsing import parsed

NAME_FIELDS = ("model_name", "model", "model_id", "deployment_name", "azure_deployment", "repo_id")
IDLE_FIELDS = frozenset(
    (
        "allowed_special", "batch_size", "default_request_timeout", "disable_streaming", "disallowed_special",
        "max_retries", "name", "openai_proxy", "request_timeout", "stream_chunk_timeout", "tiktoken_model_name",
        "timeout",
    )
)  # fmt: skip
"""Settings that change how a model is asked, not what it answers. One that is missing here costs calls that were paid
already, and one too many would give wrong answers."""
HEADERS = "default_headers"
"""The setting by which models of OpenAI and Anthropic take headers."""
WAITING = frozenset(("max_retries", "request_timeout", "stream_chunk_timeout", "timeout"))
"""Arguments of one call of a model that say how long it is waited for."""
EXTRA_HEADERS = "extra_headers"
"""The argument of one call by which providers' clients take headers."""
IDLE_HEADERS = frozenset(
    (
        "baggage", "idempotency-key", "traceparent", "tracestate", "user-agent", "x-client-request-id",
        "x-correlation-id", "x-request-id",
    )
)  # fmt: skip
"""They say how the request is traced, not what is asked. Any other may choose an account, a route or a feature."""
ARGUMENTS = frozenset(("_type", "function_call", "functions", "response_format", "stop", "tool_choice", "tools"))
"""What a description holds that tells nothing of the model but its type."""
_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
"""As Python writes a text: in double quotes where it holds an apostrophe."""
_TYPE = re.compile(rf"\('_type', {_TEXT}\)")
_NAME = re.compile(rf"\('(?:{'|'.join(NAME_FIELDS)})', {_TEXT}\)")
_NAMES = re.compile(r"\('(\w+)', ")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_OWNER = re.compile(r"[\w.]*(?: \w*)?\Z")
"""What stands before an address, such as `shop.Client object`. To be searched for in a short text: a description's
length would count squared."""
LONGEST_NAME = 120
UNKNOWN = "unknown"


class Model(NamedTuple):
    """A model as queries know it."""

    provider: str
    """Such as `openai`; where nothing says it, the name of the class."""
    name: str
    """As it was asked for, or `unknown`."""

    @property
    def func_name(self) -> str:
        """What its rows are filed under."""
        return f"langchain.{self.provider}.{self.name}"


def canonical_model(llm_string: str, /) -> str:
    """Return what a key is made of: the description without settings that change no answer."""
    content, tail = split_description(llm_string)
    return llm_string if content is None else json.dumps(answering(content), sort_keys=True) + tail


def answering(described: dict[str, Any], /) -> dict[str, Any]:
    """Return a model, as `langchain_core.load.dumpd` describes it, without settings that change no answer."""
    fields = cast("dict[str, Any]", described.get("kwargs", {}))
    headers = telling_headers(fields.get(HEADERS))
    kept = {name: value for name, value in fields.items() if name not in IDLE_FIELDS and name != HEADERS}
    kept |= {HEADERS: headers} if headers else {}
    # A name for traces stands in the place of the class's, which is its id's last part.
    named = {"name": described["id"][-1]} if described.get("name") == fields.get("name", described) else {}
    return {**described, **named, "kwargs": kept}


def read_model(llm_string: str, /) -> Model:
    """Return the model that `llm_string` describes."""
    content, tail = split_description(llm_string)
    path: list[str] = [] if content is None else [str(part) for part in content["id"]]
    fields: dict[str, Any] = {} if content is None else content["kwargs"]
    called = _NAME.search(tail)  # an argument of this one call goes before those of the constructor
    name = (
        _read_text(called[1])
        if called
        else next((fields[field] for field in NAME_FIELDS if _is_text(fields.get(field))), None)
    )
    kind = _TYPE.search(tail)
    provider = _provider(path) if path else _read_text(kind[1]) if kind else UNKNOWN
    return Model(provider.replace(".", "_")[:LONGEST_NAME], (name or UNKNOWN)[:LONGEST_NAME])


def tells_type_alone(llm_string: str, /) -> bool:
    """Say whether a model of the user's is described, whose class says nothing of itself but its type."""
    return llm_string.startswith("[('_type', ") and ARGUMENTS.issuperset(_NAMES.findall(llm_string))


def model_of(func_name: str, /) -> str | None:
    """Return the model's name that rows of `func_name` belong to; None for rows that are not this cache's."""
    parts = func_name.split(".", 2)
    return parts[2] if len(parts) == 3 and parts[0] == "langchain" else None


def address_in(llm_string: str, /) -> str | None:
    """Return an object's class with its address, which no later run will have, and no setting; None without one."""
    address = _ADDRESS.search(llm_string)
    if address is None:
        return None
    owner = _OWNER.search(llm_string[max(0, address.start() - LONGEST_NAME) : address.start()])
    return ("" if owner is None else owner[0]) + address[0]


def without_waiting(llm_string: str, settings: Mapping[str, Any], /) -> str:
    """Return the description without those of a call's `settings` that change no answer."""
    kept = asking(settings)
    for name in (each for each in settings if kept.get(each, kept) is not settings[each]):
        said = f"({name!r}, {settings[name]!r})"  # in a list with `stop`, before it or behind
        known, instead = next((each for each in (f", {said}", f"{said}, ") if each in llm_string), ""), ""
        if name in kept:
            known, instead = said, f"({name!r}, {kept[name]!r})"
        before, found, behind = llm_string.rpartition(known) if known else ("", "", llm_string)
        llm_string = before + (instead if found else "") + behind
    return llm_string


def asking(settings: Mapping[str, Any], /) -> dict[str, Any]:
    """Return the settings of a call that may change its answer."""
    kept = {name: value for name, value in settings.items() if name not in WAITING}
    headers = kept.get(EXTRA_HEADERS)
    telling = telling_headers(headers)
    if telling is not headers:
        kept = {name: value for name, value in kept.items() if name != EXTRA_HEADERS}
        kept |= {EXTRA_HEADERS: telling} if telling else {}
    return kept


def telling_headers(headers: Any, /) -> Any:
    """Return the headers that may change an answer: the same, if all of them may; {} if none does."""
    if not isinstance(headers, Mapping):
        return headers
    given = cast("Mapping[Any, Any]", headers)
    if given and not any(map(_is_idle, given)):
        return given
    return {name: value for name, value in given.items() if not _is_idle(name)}


def _is_idle(header: Any) -> bool:
    return isinstance(header, str) and header.lower() in IDLE_HEADERS


def with_sets_in_order(llm_string: str, settings: Any, /) -> str:
    """Return the description with the sets among the `settings` of a call in an order that all processes share."""
    if isinstance(settings, set | frozenset) and len(settings) > 1:  # pyright: ignore[reportUnknownArgumentType] - settings are anything
        return llm_string.replace(str(settings), f"{{{', '.join(sorted(map(repr, settings)))}}}")  # pyright: ignore[reportUnknownArgumentType] - as above
    each: list[Any] = []
    if isinstance(settings, Mapping):
        each = [*cast("Mapping[Any, Any]", settings).values()]
    elif isinstance(settings, list | tuple):
        each = [*cast("list[Any]", settings)]
    for inner in each:
        llm_string = with_sets_in_order(llm_string, inner)
    return llm_string


def split_description(llm_string: str, /) -> tuple[dict[str, Any] | None, str]:
    """Return the class with its constructor's arguments, or None if nothing tells them, and the text behind them."""
    if llm_string.startswith("{"):
        try:
            content, end = json.JSONDecoder().raw_decode(llm_string)
        except (ValueError, RecursionError):
            return None, llm_string
        if isinstance(content.get("id"), list) and isinstance(content.get("kwargs"), dict):
            return content, llm_string[end:]
    return None, llm_string


def _provider(path: list[str]) -> str:
    if path[0] == "langchain" and len(path) > 3:  # langchain, chat_models, openai, ChatOpenAI
        return path[2]
    if path[0].startswith("langchain_"):  # langchain_ollama, chat_models, ChatOllama
        return path[0].removeprefix("langchain_")
    return path[-1]


def _read_text(written: str) -> str:
    """Return the text that Python wrote so, in whatever thread: see `parsed`."""
    return str(ast.literal_eval(cast("ast.Expr", parsed(written).body[0]).value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
