"""Runs that have begun, and how they ended: nothing is worked out yet, as somebody waits for their results."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID
from weakref import ref

from langchain_core.outputs import LLMResult

from langchain_beautyspot.models import Model
from langchain_beautyspot.recorder.nesting import Told


class Labels(NamedTuple):
    """What LangChain tells of a run at its beginning."""

    kind: str
    """One of `Run`'s."""
    serialized: Mapping[str, Any] | None
    name: str | None
    tags: Sequence[str] | None
    metadata: Mapping[str, Any] | None
    parameters: Mapping[str, Any] | None = None
    """Of a model's call."""


class OpenRun:
    """A run that has begun."""

    __slots__ = (
        "__weakref__", "around", "children", "first_token_s", "inner", "inputs", "labels", "life", "model", "parent_id",
        "run_id", "start_s", "started_s", "trace_id", "waits_s",
    )  # fmt: skip

    def __init__(
        self,
        run_id: int,
        parent_id: int | None,
        parent: OpenRun | None,
        labels: Labels,
        *,
        started_s: float,
        start_s: float,
    ) -> None:
        """Begin.

        Args:
            run_id: The number of a UUID, as are the other ids: LangChain's own object lives no longer than the run.
            parent_id: None for the root of a trace.
            parent: The run of that id, if it is open.
            labels: What is known of it.
            started_s: Now, in seconds since 1970 UTC.
            start_s: Now, on the monotonic clock.
        """
        self.run_id, self.parent_id = run_id, parent_id
        self.trace_id = parent.trace_id if parent is not None else parent_id or run_id
        self.labels = labels
        self.started_s, self.start_s = started_s, start_s
        self.first_token_s: float | None = None
        self.waits_s: list[float] | None = None
        """Of the limiter, which adds to it."""
        self.model: Model | None = None
        """Where it is known better than from the labels."""
        self.around: Sequence[OpenRun] = () if parent is None else parent.around
        """The runs of the model within which it runs, each for one prompt of its batch."""
        self.inner: deque[Told] | None = None
        """What the models told that a model has asked."""
        self.life: ref[UUID] | None = None
        """Tells when nobody can end the run any more."""
        self.inputs: Any = None
        """As the details will tell them."""
        self.children: set[int] | None = None
        """Ids of those that are open."""


class Ended(NamedTuple):
    """A run that has ended."""

    run: OpenRun
    end_s: float
    """On the monotonic clock."""
    status: str
    """One of `Run`'s."""
    result: LLMResult | None = None
    """Of a model."""
    hit: Mapping[str, Any] | None = None
    """The mark of an answer that no model gave, where the result has none."""
    answer: Any = None
    """The message of that."""
    nested: bool = False
    """Whether what it told is counted in another run."""
    error: str | None = None
    details: bytes | None = None
