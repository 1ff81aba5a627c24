"""Inputs and outputs as plain data, for those who ask for them: texts redacted, secrets out, nothing too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgpack
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from langchain_beautyspot.recorder.open_run import OpenRun

Redact = Callable[[str], str]
MAX_TEXT = 16_384
"""Characters of one text."""
MAX_ITEMS = 256
MAX_DEPTH = 12
PARAMETERS = frozenset(
    (
        "model", "model_name", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "n",
        "stop", "stream", "frequency_penalty", "presence_penalty", "reasoning_effort", "_type",
    )
)  # fmt: skip
"""Those of a call that may be told: any other could hold a header, a key or a URL."""

_SECRET_NAME = re.compile(
    r"api.?key|authorization|password|passwd|secret|credential|cookie|(?<!_)token$|access_token", re.IGNORECASE
)
_SECRETS = (
    (re.compile(r"(://)[^/\s@]+@"), r"\1…@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 …"),
    (re.compile(r"\b(sk|pk|rk|ghp|xox[a-z]|AIza)[-_]?[\w-]{16,}"), r"\1…"),
    (re.compile(r"([?&](?:key|api_key|token|sig|signature)=)[^&\s]+", re.IGNORECASE), r"\1…"),
)


class Capture:
    """Makes the details of a run."""

    def __init__(self, redact: Redact | None) -> None:
        """Give every text to `redact`, after secrets were taken out."""
        self._redact = redact

    def plain(self, value: Any, depth: int = 0, /) -> Any:
        """Return `value` as data that msgpack takes; what has no plain form is the name of its class."""
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**64 else str(value)
        if isinstance(value, str):
            return self._text(value)
        if depth > MAX_DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return self._table(cast("Mapping[Any, Any]", value), depth)
        if isinstance(value, list | tuple | set | frozenset):
            items = list(cast("list[Any]", value))
            return [self.plain(item, depth + 1) for item in items[:MAX_ITEMS]]
        return self._object(value, depth)

    def details(self, run: OpenRun, outputs: Any, error: BaseException | None, /) -> bytes:
        """Return what is known of a run as msgpack: a map of those that there are."""
        told = {
            "inputs": run.inputs,
            "outputs": self.plain(outputs),
            "parameters": self.plain(parameters(run.labels.parameters)),
            "metadata": self.plain(run.labels.metadata),
            "error": None if error is None else self.plain(str(error)),
        }
        return msgpack.packb({name: each for name, each in told.items() if each})

    def _text(self, text: str) -> str:
        text = text[:MAX_TEXT].encode(errors="replace").decode()  # msgpack takes no lone surrogates
        for pattern, replacement in _SECRETS:
            text = pattern.sub(replacement, text)
        return text if self._redact is None else str(self._redact(text))

    def _table(self, table: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        return {
            str(name)[:MAX_TEXT]: "…" if _SECRET_NAME.search(str(name)) else self.plain(value, depth + 1)
            for name, value in list(table.items())[:MAX_ITEMS]
        }

    def _object(self, value: Any, depth: int) -> Any:
        if isinstance(value, BaseMessage):
            said: dict[str, Any] = {"type": value.type, "content": value.content}
            more = {
                name: getattr(value, name, None) for name in ("name", "tool_calls", "tool_call_id", "usage_metadata")
            }
            return self._table(said | {name: each for name, each in more.items() if each}, depth)
        if isinstance(value, Document):
            return self._table({"page_content": value.page_content, "metadata": value.metadata}, depth)
        if isinstance(value, LLMResult):
            return self.plain(value.generations, depth)
        if isinstance(value, Generation):
            return self.plain(value.message if isinstance(value, ChatGeneration) else value.text, depth)
        return f"<{type(value).__module__}.{type(value).__qualname__}>"


def parameters(params: Any, /) -> dict[str, Any]:
    """Return those arguments of a model's call that hold no secret."""
    if not isinstance(params, Mapping):
        return {}
    found = cast("Mapping[str, Any]", params)
    return {name: value for name, value in found.items() if name in PARAMETERS and value is not None}
