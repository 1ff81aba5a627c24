"""One call that LlamaIndex traces."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAVES = ("llm", "embedding")
"""Kinds of spans that call a provider, and that nothing begins below once they have ended."""
_UUID_LENGTH = 36
ORIGIN: ContextVar[tuple[str, str] | None] = ContextVar("beautyspot_origin", default=None)
"""The run and the trace of another process, below which calls of this context begin."""


class Span:
    """One traced call."""

    __slots__ = (
        "above", "batches", "below", "cancelled", "is_run_itself", "is_wrapper", "kind", "let_go_by", "name", "owner",
        "run_id", "span_id", "tokens", "trace_id", "uuid", "waited_s", "within",
    )  # fmt: skip

    def __init__(self, span_id: str, owner: int, parent: Span | None) -> None:
        """Begin below `parent`, in an object that `owner` identifies while it lives; 0 for none."""
        self.span_id, self.owner = span_id, owner
        self.uuid = span_id[-_UUID_LENGTH:]
        """What tells the span apart."""
        self.name = span_id[: -_UUID_LENGTH - 1] or span_id
        """Such as `OpenAI.achat`."""
        self.kind: str | None = None
        """As `Run` has it, where the span is a run."""
        self.run_id: str | None = None
        """Where the span is a run."""
        self.is_run_itself = False
        """Whether the run ends with the span, and not with an event."""
        self.is_wrapper = False
        """Whether the call of a model had another model called, which tells of the tokens as well."""
        self.tokens = 0
        """About how many the prompt has, where a limiter counts them."""
        self.batches: Iterator[Sequence[Any]] | None = None
        """Of an embedding the texts of each request, which nothing else tells beforehand."""
        self.let_go_by: object = None
        """The limiter whose place the call holds, until one below takes it over."""
        self.waited_s = 0.0
        """Seconds that the limiter let it wait, as far as no run has told them."""
        self.cancelled = False
        if parent is not None:
            self.trace_id, self.above = parent.trace_id, parent.run_id or parent.above
            # Not each parent: a workflow's run stays the parent of those that its caller begins after it, without end.
            self.below = parent if parent.kind in LEAVES else parent.below
            # A text model's `achat` calls its `chat`, which calls its `complete`: one call to a provider.
            self.within = parent.owner if parent.kind == "llm" else parent.within if parent.owner == owner else 0
        else:
            origin = ORIGIN.get()
            self.above, self.trace_id = (None, self.uuid) if origin is None else origin
            self.below, self.within = None, 0

    @property
    def is_nested(self) -> bool:
        """Whether the call belongs to another of the same object, which tells of its tokens as well."""
        return self.within == self.owner != 0

    def is_below(self, other: Span, /) -> bool:
        """Say whether the call is that of a model's, or a part of it."""
        return self is other or (self.below is not None and self.below.is_below(other))

    def mark_wrappers(self) -> None:
        """Tell the calls of other models of which this one is a part that it counts, and not they.

        It is what asked a provider, or a cache: a router or a fallback has no more to tell than that, and may hide it.
        """
        above = None if self.is_nested else self.below
        while above is not None:
            above.is_wrapper = above.kind == "llm"
            above = above.below
