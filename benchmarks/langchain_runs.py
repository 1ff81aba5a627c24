"""What does recording take beside the call that is recorded?"""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.interleave import batch_of, medians_us

WITHOUT, USAGE, RECORDER = "without", "UsageMetadataCallbackHandler", "beautyspot"
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-test",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}  # fmt: skip


def calls(scale: Scale, folder: str) -> list[Answer]:
    """`invoke` of OpenAI's client over HTTP, and of a model that does nothing at all."""
    if find_spec("langchain_openai") is None:
        return [Answer("LangChain: recorder", "µs", {}, (), "not measured: langchain-openai is not installed")]
    from langchain_beautyspot import BeautySpotCallbackHandler
    from langchain_core.callbacks import UsageMetadataCallbackHandler
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_openai import ChatOpenAI

    handlers: dict[str, list[Any]] = {
        WITHOUT: [],
        USAGE: [UsageMetadataCallbackHandler()],
        RECORDER: [BeautySpotCallbackHandler(f"{folder}/runs.db")],
    }
    with server() as url:
        client = _invokes(scale, ChatOpenAI(model="gpt-test", api_key="none", base_url=url), handlers)  # pyright: ignore[reportArgumentType]
    fake = _invokes(scale, FakeListChatModel(responses=["yes"]), handlers)
    return [
        Answer("LangChain: invoke of ChatOpenAI over loopback", "µs", client, (ratio(client, WITHOUT, 1.1),)),
        Answer("LangChain: invoke of a model that does nothing", "µs", fake, ()),
    ]


def _invokes(scale: Scale, model: Any, handlers: dict[str, list[Any]]) -> dict[str, float]:
    batches = {
        name: batch_of(model.invoke, lambda count, config={"callbacks": each}: [("hello", config)] * count)
        for name, each in handlers.items()
    }
    return medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        data = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


def _serve(ready: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    ready.send(server.server_port)
    server.serve_forever()


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of a model in a process of its own, so that the client's does what it does in life."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join()
