"""A run from its beginning until it is a row: nothing is worked out yet, as somebody waits for its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llama_index.callbacks.beautyspot.span import Span


class OpenRun:
    """What is noted of a run: one object, as thousands of several would keep the garbage collector busy."""

    __slots__ = (
        "details", "elapsed_s", "error", "first_token_s", "inputs", "is_nested", "kind", "model", "name", "parent_id",
        "response", "run_id", "span", "start_s", "started_s", "status", "tags", "trace_id", "waited_s",
    )  # fmt: skip

    started_s: float
    """Seconds since 1970 UTC."""
    start_s: float
    """On the monotonic clock."""
    elapsed_s: float
    status: str
    """One of `Run`'s."""

    def __init__(self, run_id: str, kind: str, name: str, trace_id: str, parent_id: str | None) -> None:
        """Note what is known of a run that is to begin: its `kind` is one of `Run`'s, its `name` `OpenAI.achat`."""
        self.run_id, self.kind, self.name, self.trace_id, self.parent_id = run_id, kind, name, trace_id, parent_id
        self.is_nested = False
        self.model: str | None = None
        self.tags: Mapping[str, Any] | None = None
        """The user's, the workflow's and the cache's."""
        self.span: Span | None = None
        """Where the limiter notes its waits, while the run is open."""
        self.inputs: Any = None
        """As the details will tell them."""
        self.first_token_s: float | None = None
        self.waited_s = 0.0
        self.response: Any = None
        """Of a model, where it may tell tokens."""
        self.error: str | None = None
        self.details: bytes | None = None
