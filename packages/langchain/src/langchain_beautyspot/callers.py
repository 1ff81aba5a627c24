"""The models of LangChain that call a cache, as the stack knows them: they tell it neither who hears of their calls,
nor what else they were given."""

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

PACKAGE = "langchain_beautyspot"
CHAT_MODELS = "langchain_core.language_models.chat_models"
TEXT_MODELS = "langchain_core.language_models.llms"
STREAMS = frozenset(("stream", "astream", "pump_one", "_produce"))
"""Functions of theirs in which a stream runs; the last two are those of `stream_events(version="v3")`."""
BEGIN_STREAMS = STREAMS | {"ensure_started"}


def managers_of_call() -> list[Any]:
    """Return the callback managers of the call for which the nearest model looks up now.

    A text model looks a batch up and then makes one call of it: there is one for each text, often the same.
    """
    for frame in _frames():
        if frame.f_globals.get("__name__") in (CHAT_MODELS, TEXT_MODELS):
            known = frame.f_locals
            if known.get("run_manager") is not None:
                return [known["run_manager"]]
            if known.get("callback_managers"):
                return known["callback_managers"]
    return []


def call_that_begins() -> FrameType | None:
    """Return the frame of the model whose run begins now: one for all texts of a batch."""
    return next((frame for frame in _frames_of_models() if frame.f_code.co_name != "<listcomp>"), None)


def gives_stream(call: FrameType, /) -> bool:
    """Say whether a model gives a stream in the frame of `call_that_begins`."""
    return call.f_code.co_name in BEGIN_STREAMS


def runs_of_streams() -> list[Any]:
    """Return the ids of the runs whose streams are being made on this stack.

    One that waits for its reader to go on is on none, although it shares the reader's context.
    """
    streams = (frame.f_locals.get("run_manager") for frame in _frames_of_models() if frame.f_code.co_name in STREAMS)
    return [manager.run_id for manager in streams if manager is not None]


def settings_of_chat() -> dict[str, Any]:
    """Return what the chat model that looks up now was given for this call; a cache is told the `str` of it."""
    for frame in _frames():
        if frame.f_globals.get("__name__") == CHAT_MODELS and isinstance(frame.f_locals.get("kwargs"), dict):
            return frame.f_locals["kwargs"]
    return {}


def model_that_asks() -> Any | None:
    """Return the model that calls this package now; None if somebody else does."""
    # Each hit comes by here, where a generator of frames takes 1 µs more.
    frame, name = sys._getframe(0), PACKAGE  # pyright: ignore[reportPrivateUsage] - as below
    while name.startswith(PACKAGE) and (frame := frame.f_back) is not None:
        name = frame.f_globals.get("__name__", "")
    if frame is not None and name == TEXT_MODELS and "self" not in frame.f_locals:
        frame = frame.f_back  # a text model asks by functions of its module
    known = frame is not None and name in (CHAT_MODELS, TEXT_MODELS)
    return frame.f_locals.get("self") if frame is not None and known else None


def manager_of_text(prompt: str, /) -> tuple[Any, str] | None:
    """Return the callback manager that a text model has for `prompt`, and the name of its class."""
    for frame in _frames():
        if frame.f_globals.get("__name__") == TEXT_MODELS and "callback_managers" in frame.f_locals:
            asked = frame.f_locals
            managers = dict(zip(asked["prompts"], asked["callback_managers"], strict=False))
            return managers.get(prompt), type(asked["self"]).__name__
    return None


def arguments_of_text() -> list[str]:
    """Return the names of the arguments that `BaseLLM.generate` has for its provider, if it is what looks up now."""
    frames = (frame for frame in _frames() if not frame.f_globals.get("__name__", "").startswith(PACKAGE))
    next(frames, None)  # `get_prompts`, which `generate` called
    caller = next(frames, None)
    if caller is None or caller.f_globals.get("__name__") != TEXT_MODELS:
        return []
    arguments = caller.f_locals.get("kwargs")
    return list(arguments) if isinstance(arguments, dict) else []  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - a frame tells no types


def _frames_of_models() -> Iterator[FrameType]:
    return (frame for frame in _frames() if frame.f_globals.get("__name__") in (CHAT_MODELS, TEXT_MODELS))


def _frames() -> Iterator[FrameType]:
    """Yield the frames on the stack, from the inside out."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, takes 1000 times as long
    while frame is not None:
        yield frame
        frame = frame.f_back
