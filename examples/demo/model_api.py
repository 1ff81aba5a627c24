"""A model API like the paid ones: OpenAI's paths over HTTP, a rate, and a 429 for whoever calls faster."""

import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

CALLS_PER_MINUTE = 120
BURST = 3
"""Calls that may come at once after a pause; two workers may each be late on their way."""


class ModelAPI:
    """Counts every call, refuses those above the rate, and hands the others to a model."""

    def __init__(self, llm: Any | None, embedder: Any | None, *, calls_per_minute: float = CALLS_PER_MINUTE) -> None:
        """Serve what is not None."""
        self.llm, self.embedder = llm, embedder
        self.served = self.refused = 0
        self._interval_s = 60 / calls_per_minute
        self._arrival_s = 0.0
        self._lock = threading.Lock()

    def admit(self) -> bool:
        """Count a call and say whether it keeps to the rate (GCRA, ITU-T I.371)."""
        with self._lock:
            now = time.monotonic()
            expected_s = max(self._arrival_s, now)
            if expected_s - now > (BURST - 1) * self._interval_s:
                self.refused += 1
                return False
            self._arrival_s = expected_s + self._interval_s
            self.served += 1
            return True

    def answer(self, path: str, body: bytes) -> bytes:
        """Return the model's answer, in OpenAI's JSON."""
        if path == "/v1/embeddings" and self.embedder is not None:
            vector = self.embedder.embed([json.loads(body)["input"]])[0].tolist()
            return json.dumps({"object": "list", "data": [{"object": "embedding", "embedding": vector}]}).encode()
        if path == "/v1/chat/completions" and self.llm is not None:
            url = self.llm.listening_address + path
            with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=120) as response:
                return response.read()
        raise LookupError(path)


class Handler(BaseHTTPRequestHandler):
    """One HTTP call."""

    api: ModelAPI

    def do_POST(self) -> None:
        """Answer 200, 404 for a path without a model, or 429 above the rate."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.api.admit():
            return self._send(429, b'{"error": {"type": "rate_limit_exceeded"}}')
        try:
            return self._send(200, self.api.answer(self.path, body))
        except LookupError:
            return self._send(404, b'{"error": {"type": "not_found"}}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives
        """Say nothing; the demo has one screen."""


class Server(ThreadingHTTPServer):
    """Stays silent about callers that are killed in the middle of a call, and closes once each is answered."""

    daemon_threads = False  # llama.cpp crashes where its server is dropped while it answers

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a connection that broke."""


@contextmanager
def serve(api: ModelAPI) -> Generator[str]:
    """Serve `api` on a free loopback port, and yield its address."""
    server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"api": api}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
