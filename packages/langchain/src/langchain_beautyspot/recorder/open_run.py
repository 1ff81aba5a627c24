"""A run that has begun and not ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from beautyspot.records import Run

from langchain_beautyspot.models import UNKNOWN, Model
from langchain_beautyspot.recorder.labels import tags_of
from langchain_beautyspot.usage import NOTHING_KNOWN, Usage


class Labels(NamedTuple):
    """How a run is called and found."""

    kind: str
    """One of `Run`'s."""
    name: str
    tags: Sequence[str] | None
    metadata: Mapping[str, Any] | None


class OpenRun:
    """What is known at the start, and while tokens come."""

    __slots__ = (
        "children", "first_token_s", "inputs", "labels", "model", "parameters", "parent_id", "run_id", "start_s",
        "started_s", "trace_id", "waits_s",
    )  # fmt: skip

    def __init__(
        self,
        run_id: object,
        parent_id: object,
        parent: OpenRun | None,
        labels: Labels,
        *,
        started_s: float,
        start_s: float,
    ) -> None:
        """Begin.

        Args:
            run_id: A UUID, as are the other ids.
            parent_id: None for the root of a trace.
            parent: The run of that id, if it is open.
            labels: What is known of it.
            started_s: Now, in seconds since 1970 UTC.
            start_s: Now, on the monotonic clock.
        """
        self.run_id = str(run_id)
        self.parent_id = None if parent_id is None else str(parent_id)
        self.trace_id: str = parent.trace_id if parent is not None else self.parent_id or self.run_id
        self.labels = labels
        self.started_s, self.start_s = started_s, start_s
        self.model: Model | None = None
        self.first_token_s: float | None = None
        self.waits_s: list[float] | None = None
        """Of the limiter, which adds to it."""
        self.inputs: Any = None
        self.parameters: Mapping[str, Any] | None = None
        self.children: set[Any] | None = None
        """Ids of those that began; some may have ended."""

    def end(
        self,
        end_s: float,
        status: str,
        *,
        answered_by: str | None = None,
        usage: Usage = NOTHING_KNOWN,
        cost: float | None = None,
        cache_hit: bool | None = None,
        cache_key: str | None = None,
        error: str | None = None,
        details: bytes | None = None,
    ) -> Run:
        """Return the row; the arguments are its columns.

        Args:
            answered_by: The model that the provider names, if nothing said which one was asked.
        """
        model = None if self.model is None else self.model.name
        if model == UNKNOWN:
            model = answered_by
        kind, name, tags, metadata = self.labels
        return Run(
            self.run_id, self.parent_id, self.trace_id, kind, name, model, datetime.fromtimestamp(self.started_s, UTC),
            end_s - self.start_s, self.first_token_s, sum(self.waits_s) if self.waits_s else 0.0, status,
            usage.input_tokens, usage.output_tokens, usage.cached_tokens, cost, cache_hit, False, cache_key, error,
            tags_of(tags, metadata, self.model), details,
        )  # fmt: skip
