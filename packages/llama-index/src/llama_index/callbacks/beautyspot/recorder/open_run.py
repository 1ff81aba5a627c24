"""Runs that have begun, and how they ended: nothing is worked out yet, as somebody waits for their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Labels(NamedTuple):
    """What LlamaIndex tells of a run at its beginning."""

    kind: str
    """One of `Run`'s."""
    name: str
    """Such as `OpenAI.achat`, or a tool's own."""
    trace_id: str
    parent_id: str | None
    is_nested: bool = False
    model: Mapping[str, Any] | None = None
    """What the model says of itself."""
    tags: Mapping[str, Any] | None = None
    """The user's, the workflow's and the cache's."""
    provider: str | None = None


class OpenRun:
    """A run that has begun."""

    __slots__ = ("first_token_s", "inputs", "labels", "run_id", "start_s", "started_s", "waits_s")

    def __init__(self, run_id: str, labels: Labels, *, started_s: float, start_s: float) -> None:
        """Begin at `started_s`, in seconds since 1970 UTC, and at `start_s` on the monotonic clock."""
        self.run_id, self.labels = run_id, labels
        self.started_s, self.start_s = started_s, start_s
        self.first_token_s: float | None = None
        self.waits_s: list[float] | None = None
        """Of the limiter, which adds to it."""
        self.inputs: Any = None
        """As the details will tell them."""


class Ended(NamedTuple):
    """A run that has ended."""

    run: OpenRun
    end_s: float
    """On the monotonic clock."""
    status: str
    """One of `Run`'s."""
    response: Any = None
    """Of a model."""
    tags: Mapping[str, Any] | None = None
    """Those of the end, where a cache tells of a hit."""
    error: str | None = None
    details: bytes | None = None
