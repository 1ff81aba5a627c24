"""Inputs and outputs as plain data, for those who ask for them."""

from __future__ import annotations

from typing import Any

import msgpack
from beautyspot.recording import Scrubber

from llama_index.callbacks.beautyspot.recorder.open_run import OpenRun
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.tools import ToolOutput


class Capture(Scrubber):
    """Makes the details of a run."""

    def details(self, run: OpenRun, outputs: Any, error: BaseException | None, /) -> bytes:
        """Return what is known of a run as msgpack: a map of those that there are."""
        told = {
            "inputs": run.inputs,
            "outputs": self.plain(outputs),
            "error": None if error is None else self.plain(str(error)),
        }
        return msgpack.packb({name: each for name, each in told.items() if each})

    def object(self, value: Any, depth: int, /) -> Any:
        """Return one of LlamaIndex's as a table."""
        if isinstance(value, ChatMessage):
            calls = value.additional_kwargs.get("tool_calls")
            said = {"role": value.role.value, "content": value.content or None, "tool_calls": calls}
            return self.table({name: each for name, each in said.items() if each}, depth)
        if isinstance(value, ChatResponse):
            return self.object(value.message, depth)
        if isinstance(value, CompletionResponse):
            return self.text(value.text)
        if isinstance(value, NodeWithScore):
            return {"node": self.object(value.node, depth), "score": value.score}
        if isinstance(value, BaseNode):
            return self.table({"id": value.node_id, "text": value.get_content(), "metadata": value.metadata}, depth)
        if isinstance(value, QueryBundle):
            return self.text(value.query_str)
        if isinstance(value, ToolOutput):
            return self.text(value.content)
        if isinstance(value, Response):
            return self.text(value.response or "")
        return super().object(value, depth)
