"""Streams of models that are being read: what they call begins below them, where no context says so."""

from __future__ import annotations

from functools import partial
from inspect import currentframe
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from types import FrameType

    from llama_index.callbacks.beautyspot.span import Span


class OpenStreams:
    """Generators that calls of models gave; none of them is kept from its end.

    The body of a generator runs in its reader's context, which names the reader's span. Only the stack says that a
    call was made by a stream: the frame of the generator is on it.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._of_frames: dict[int, tuple[ref[object], Span]] = {}

    def add(self, stream: object, span: Span, /) -> None:
        """Remember that the call of `span` gave `stream`, if that is one."""
        frame = _frame_of(stream)
        if frame is not None:
            key = id(frame)
            self._of_frames[key] = ref(stream, partial(self._forget, key)), span

    def clear(self) -> None:
        """Forget all."""
        self._of_frames.clear()

    def above(self, parent: Span | None, /) -> Span | None:
        """Return below what a call begins now: `parent`, of which the context knows, or the stream that makes it."""
        span = self._running() if self._of_frames else None
        return parent if span is None or (parent is not None and parent.is_below(span)) else span

    def _running(self) -> Span | None:
        frame = currentframe()
        while frame is not None:
            known = self._of_frames.get(id(frame))
            # The frame of a stream that has ended may have lain in the same place.
            if known is not None and (stream := known[0]()) is not None and _frame_of(stream) is frame:
                return known[1]
            frame = frame.f_back
        return None

    def _forget(self, key: int, stream: ref[object]) -> None:
        known = self._of_frames.get(key)
        if known is not None and known[0] is stream:
            del self._of_frames[key]


def _frame_of(stream: object) -> FrameType | None:
    """Return the frame of a generator; None of what is none, or has ended."""
    if isinstance(stream, GeneratorType):
        return stream.gi_frame
    return stream.ag_frame if isinstance(stream, AsyncGeneratorType) else None
