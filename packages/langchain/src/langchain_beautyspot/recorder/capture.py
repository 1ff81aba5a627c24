"""Inputs and outputs as plain data, for those who ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgpack
from beautyspot.recording import Scrubber
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult

from langchain_beautyspot.recorder.open_run import OpenRun

PARAMETERS = frozenset(
    (
        "model", "model_name", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "n",
        "stop", "stream", "frequency_penalty", "presence_penalty", "reasoning_effort", "_type",
    )
)  # fmt: skip
"""Those of a call that may be told: any other could hold a header, a key or a URL."""


class Capture(Scrubber):
    """Makes the details of a run."""

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

    def object(self, value: Any, depth: int, /) -> Any:
        """Return one of LangChain's as a table."""
        if isinstance(value, BaseMessage):
            said: dict[str, Any] = {"type": value.type, "content": value.content}
            more = {
                name: getattr(value, name, None) for name in ("name", "tool_calls", "tool_call_id", "usage_metadata")
            }
            return self.table(said | {name: each for name, each in more.items() if each}, depth)
        if isinstance(value, Document):
            return self.table({"page_content": value.page_content, "metadata": value.metadata}, depth)
        if isinstance(value, LLMResult):
            return self.plain(value.generations, depth)
        if isinstance(value, Generation):
            return self.plain(value.message if isinstance(value, ChatGeneration) else value.text, depth)
        return super().object(value, depth)


def parameters(params: Any, /) -> dict[str, Any]:
    """Return those arguments of a model's call that hold no secret."""
    if not isinstance(params, Mapping):
        return {}
    found = cast("Mapping[str, Any]", params)
    return {name: value for name, value in found.items() if name in PARAMETERS and value is not None}
