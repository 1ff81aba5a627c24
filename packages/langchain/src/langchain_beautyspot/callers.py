"""The models of LangChain that call a cache, as the stack knows them: they tell it neither who hears of their calls,
nor what else they were given."""

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from langchain_core.caches import BaseCache

PACKAGE = "langchain_beautyspot"
CHAT_MODELS = "langchain_core.language_models.chat_models"
TEXT_MODELS = "langchain_core.language_models.llms"
CALLBACKS = "langchain_core.callbacks.manager"
CACHE = "langchain_beautyspot.cache"


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


def runs_that_ask() -> list[Any] | None:
    """Return the ids of the runs of the model within which a run begins now; None where the stack knows of none.

    What a handler or a cache's `cache_if` asks, it asks for itself. So does the reader of a stream between two chunks,
    when nothing of the stream is on the stack.
    """
    begins = True
    for frame in _frames():
        name = frame.f_globals.get("__name__", "")
        if not begins and name in (CALLBACKS, CACHE):
            return []
        begins = begins and (name == CALLBACKS or name.startswith(PACKAGE))
        if name in (CHAT_MODELS, TEXT_MODELS) and (found := _runs_in(frame)):
            return found
    return None


def runs_in(error: BaseException, run_id: int, /) -> list[Any]:
    """Return the ids of the runs of models that `error` came through, but those of the batch of `run_id`."""
    frames: list[list[Any]] = []
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") in (CHAT_MODELS, TEXT_MODELS):
            frames.append(_runs_in(step.tb_frame))
        step = step.tb_next
    own = {each for ids in frames if any(each.int == run_id for each in ids) for each in ids}
    return [each for ids in frames for each in ids if each not in own]


def _runs_in(frame: FrameType) -> list[Any]:
    known, batch = frame.f_locals, frame.f_back
    managers = known.get("run_managers") or [known.get("run_manager")]
    if batch is not None and batch.f_globals.get("__name__") == TEXT_MODELS and managers[0] is not None:
        # `LLM` asks for each text of a batch with the manager of the first.
        managers = batch.f_locals.get("run_managers") or managers
    return [manager.run_id for manager in managers if manager is not None]


def settings_of_chat() -> dict[str, Any]:
    """Return what the chat model that looks up now was given for this call; a cache is told the `str` of it."""
    for frame in _frames():
        if frame.f_globals.get("__name__") == CHAT_MODELS and isinstance(frame.f_locals.get("kwargs"), dict):
            return frame.f_locals["kwargs"]
    return {}


def model_that_asks() -> Any | None:
    """Return the model that calls this package now, be it through a cache of the user's; None if somebody else does."""
    # Each hit comes by here, where a generator of frames takes 1 µs more.
    frame, name = sys._getframe(0), PACKAGE  # pyright: ignore[reportPrivateUsage] - as below
    while (name.startswith(PACKAGE) or _is_of_cache(frame, name)) and (frame := frame.f_back) is not None:
        name = frame.f_globals.get("__name__", "")
    if frame is not None and name == TEXT_MODELS and "self" not in frame.f_locals:
        frame = frame.f_back  # a text model asks by functions of its module
    known = frame is not None and name in (CHAT_MODELS, TEXT_MODELS)
    return frame.f_locals.get("self") if frame is not None and known else None


def _is_of_cache(frame: FrameType, name: str) -> bool:
    return name not in (CHAT_MODELS, TEXT_MODELS) and isinstance(frame.f_locals.get("self"), BaseCache)


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


def _frames() -> Iterator[FrameType]:
    """Yield the frames on the stack, from the inside out."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, takes 1000 times as long
    while frame is not None:
        yield frame
        frame = frame.f_back
