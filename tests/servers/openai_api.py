"""OpenAI's API on loopback: requests are noted, answers follow from the question alone, faults come as scripted.

What the last message says decides the answer:

- `use add {"a": 1, "b": 2}` calls the tool `add`, where the request offers it; what a tool said is told back.
- `filter this` ends with the reason `content_filter`, `say nothing` is answered with nothing.
- With a JSON schema as the response format, the answer is an object that fits it.
- Anything else is answered with `answer to …`, cut off after `max_tokens` words with the reason `length`.
"""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

import pytest
from servers.openai_answers import SHAPES, events, shape_of

HANG_UP: Literal["hang up"] = "hang up"
"""Send half of the answer, then end the connection with RST."""
LONGEST_HOLD_S = 30.0


class Request(NamedTuple):
    """What a client sent."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]


class OpenAIAPI:
    """What the server does, as tests see it."""

    def __init__(self) -> None:
        self.url = ""
        """For `base_url`; ends with `/v1`."""
        self.requests: list[Request] = []
        self.kept = 0
        """The first so many requests leave their connection open for those that follow, as providers do; others end it,
        as clients that live as long as the process would leave theirs open at its end."""
        self._faults: list[int | Literal["hang up"]] = []
        self._lock = threading.Lock()
        self._may_go = threading.Event()
        self._arrived = threading.Condition()
        self.reset()

    @property
    def calls(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def reset(self) -> None:
        """Forget every request and fault, and keep no connection."""
        self.kept = 0
        self.requests.clear()
        self._faults.clear()
        self._may_go.set()

    def fail(self, *faults: int | Literal["hang up"]) -> None:
        """Answer the next requests with these: 429 and other statuses, or `HANG_UP`, one for each."""
        self._faults.extend(faults)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Take requests and answer none until the block ends."""
        self._may_go.clear()
        try:
            yield
        finally:
            self._may_go.set()

    def wait_for(self, calls: int) -> None:
        """Wait until so many requests came."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.calls >= calls, LONGEST_HOLD_S)

    def take(self, request: Request) -> tuple[int, int | Literal["hang up"] | None]:
        """Note a request, and return its number and the fault that is due."""
        with self._lock, self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
            number, fault = self.calls, self._faults.pop(0) if self._faults else None
        self._may_go.wait(LONGEST_HOLD_S)
        return number, fault


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    api: OpenAIAPI
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer's last part would else wait 40 ms for the client

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        number, fault = self.api.take(Request(self.path, body, dict(self.headers)))
        self.close_connection = number > self.api.kept
        shape = SHAPES.get(self.path.partition("?")[0].removeprefix("/v1/"))
        if shape is None:
            fault = 404
        if isinstance(fault, int):
            return self._error(fault)
        answer = shape(body, number)
        if body.get("stream"):
            return self._stream([*events(shape_of(answer), answer, body)], fault)
        return self._send(200, json.dumps(answer).encode(), fault)

    def _error(self, status: int) -> None:
        # The official client waits as long as this says before it tries again.
        error = {"error": {"message": f"scripted {status}", "type": "scripted", "code": str(status)}}
        self._send(status, json.dumps(error).encode(), None, ("retry-after-ms", "1"))

    def _send(self, status: int, data: bytes, fault: str | int | None, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(data))), *headers):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self._write(data, fault)

    def _stream(self, parts: list[bytes], fault: str | int | None) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")  # nothing else says where it ends
        self.end_headers()
        for part in parts[: len(parts) // 2] if fault else parts:
            self._write(part, None)
        if fault:
            self._hang_up()

    def _write(self, data: bytes, fault: str | int | None) -> None:
        try:
            self.wfile.write(data[: len(data) // 2] if fault else data)
        except OSError:  # the client left, as one of an abandoned stream does
            self.close_connection = True
            return
        if fault:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def shutdown_request(self, request: Any) -> None:
        """End a connection, which may have been hung up on already."""
        try:
            super().shutdown_request(request)
        except OSError:
            self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let clients leave when they like; what tests expect of the server they see in its answers."""


@pytest.fixture(scope="session")
def openai_server() -> Iterator[OpenAIAPI]:
    api = OpenAIAPI()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"api": api}))
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def openai_api(openai_server: OpenAIAPI) -> OpenAIAPI:
    """Give the server that tests share, with no request noted."""
    openai_server.reset()
    return openai_server
