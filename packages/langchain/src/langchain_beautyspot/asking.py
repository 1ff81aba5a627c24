"""Who looks an answer up, and from where: LangChain doesn't say, but the stack does."""

import asyncio
import sys
from threading import get_ident
from types import FrameType
from typing import NamedTuple
from weakref import ref

from beautyspot.threads import on_event_loop

PACKAGE = "langchain_beautyspot"
TEXT_MODELS = "langchain_core.language_models.llms"
MODELS = ("langchain_core.language_models.chat_models", TEXT_MODELS)
Frame = tuple[int, int]
"""Tells a frame from others at the same depth: the `id` of it and of its code. Held itself, it would hold variables."""


class Asking(NamedTuple):
    """Who looks up now, and from where."""

    asker: object
    """A task or a thread."""
    stack: list[Frame]
    """The outermost frame first, and last LangChain's method that looks up, calls the model and updates."""
    asks_several: bool
    """Whether that method looks several prompts up before it calls the model, as a text model's does."""


def asking() -> Asking:
    """Return who looks up now: the nearest model of LangChain's on the stack, or else who called this package."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - `inspect` takes 1000 times as long
    frames: list[tuple[Frame, str]] = []
    while frame is not None:
        frames.append(((id(frame), id(frame.f_code)), frame.f_globals.get("__name__", "")))
        frame = frame.f_back
    places = [place for _, place in frames]
    first = next((number for number, place in enumerate(places) if not place.startswith(PACKAGE)), 0)
    start = next((number for number, place in enumerate(places) if place in MODELS), first)
    asks_several = places[start] == TEXT_MODELS
    stack = [frame_ for frame_, _ in frames[start + asks_several :]][::-1]
    task = asyncio.current_task() if on_event_loop() else None
    # A task that its own context held would never be dropped.
    return Asking(get_ident() if task is None else ref(task), stack, asks_several)
