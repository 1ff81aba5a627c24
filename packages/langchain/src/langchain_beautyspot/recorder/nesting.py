"""Models that ask other models, as a router or an ensemble does: what both tell that they took is to count once."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from langchain_beautyspot.callers import call_that_begins, gives_stream, runs_of_streams


class _Asked(NamedTuple):
    run_id: Any
    frame: int
    """Address of the frame in which it was begun, which lives as long as the run; those of a batch share it."""


_asked: ContextVar[tuple[_Asked, ...]] = ContextVar("langchain_beautyspot_asked_models", default=())
"""Runs of models that were begun in this context; those that have ended mean nothing."""


def runs_around() -> list[Any]:
    """Return the ids of the runs of models within which the caller runs: in a thread or task of theirs, too."""
    return [*(each.run_id for each in _asked.get()), *runs_of_streams()]


def enter(run_id: Any, is_open: Callable[[Any], bool], /) -> list[Any]:
    """Return the ids of the runs of models that have asked the model whose run begins, and add that.

    A stream's reader shares its context, and asks other models between two chunks for itself: so a stream is known by
    the stack alone, and what it asks in other threads counts beside it.
    """
    call, asked = call_that_begins(), [each for each in _asked.get() if is_open(each.run_id)]
    around = [*(each.run_id for each in asked if each.frame != id(call)), *runs_of_streams()]
    if call is not None and not gives_stream(call):
        _asked.set((*asked, _Asked(run_id, id(call))))
    return around
