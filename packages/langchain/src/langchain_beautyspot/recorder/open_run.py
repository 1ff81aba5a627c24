"""A run that has begun and not ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from beautyspot.records import Run

from langchain_beautyspot.models import UNKNOWN, Model
from langchain_beautyspot.recorder.labels import tags_of
from langchain_beautyspot.usage import NOTHING_KNOWN, Usage


class OpenRun:
    """What is known at the start, and while tokens come."""

    __slots__ = (
        "children", "first_token_s", "inputs", "kind", "metadata", "model", "name", "parameters", "parent_id", "run_id",
        "start_s", "started_s", "tags", "trace_id", "waits_s",
    )  # fmt: skip

    def __init__(
        self,
        run_id: object,
        parent_id: object,
        parent: OpenRun | None,
        *,
        kind: str,
        name: str,
        tags: Sequence[str] | None,
        metadata: Mapping[str, Any] | None,
        started_s: float,
        start_s: float,
    ) -> None:
        """Begin.

        Args:
            run_id: A UUID, as are the other ids.
            parent_id: None for the root of a trace.
            parent: The run of that id, if it is open.
            kind, name: Those of `Run`.
            tags, metadata: What LangChain tells.
            started_s: Now, in seconds since 1970 UTC.
            start_s: Now, on the monotonic clock.
        """
        self.run_id = str(run_id)
        self.parent_id = None if parent_id is None else str(parent_id)
        self.trace_id: str = parent.trace_id if parent is not None else self.parent_id or self.run_id
        self.kind, self.name = kind, name
        self.tags, self.metadata = tags, metadata
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
        return Run(
            run_id=self.run_id,
            parent_id=self.parent_id,
            trace_id=self.trace_id,
            kind=self.kind,
            name=self.name,
            model=model,
            started_at=datetime.fromtimestamp(self.started_s, UTC),
            elapsed_s=end_s - self.start_s,
            first_token_s=self.first_token_s,
            waited_s=sum(self.waits_s) if self.waits_s else 0.0,
            status=status,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            cost=cost,
            cache_hit=cache_hit,
            nested=False,
            cache_key=cache_key,
            error=error,
            tags=tags_of(self.tags, self.metadata, self.model),
            details=details,
        )
