"""Hits of which LangChain tells no handler: those of text models, and answers that a middleware gives for a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from langchain_beautyspot.usage import usage_of_message

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import BaseMessage

    from langchain_beautyspot.models import Model
    from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler

TEXT_MODELS = "langchain_core.language_models.llms"


def note_hit(
    mark: Mapping[str, Any],
    *,
    name: str,
    kind: Literal["llm", "tool"] = "llm",
    model: Model | None = None,
    answer: BaseMessage | None = None,
) -> None:
    """Tell the recorders of the runnable that runs now of a hit inside it.

    Args:
        mark: The `cache_key`, and the `saved_tokens` if they are known.
        name: Of the model's class, or of the tool.
        kind: What was not called.
        model: The model that would have been asked.
        answer: What the hit gave, for its tokens by kind.
    """
    from langchain_core.runnables.config import var_child_runnable_config  # a cache of a bare model does without

    config = var_child_runnable_config.get()
    callbacks: Any = (config or {}).get("callbacks")
    for recorder in _recorders(callbacks):
        recorder.recorder.add_hit(
            getattr(callbacks, "parent_run_id", None), mark, model, usage_of_message(answer), kind=kind, name=name,
            tags=getattr(callbacks, "tags", None), metadata=getattr(callbacks, "metadata", None),
        )  # fmt: skip


def note_text_hit(prompt: str, mark: Mapping[str, Any], model: Model, /) -> None:
    """Tell the recorders of the text model that looks `prompt` up now of a hit.

    It asks the cache before it tells handlers of a run, and of a hit it tells none: only its frame knows them.
    """
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, takes 1000 times as long
    while frame is not None:
        if frame.f_globals.get("__name__") == TEXT_MODELS and "callback_managers" in frame.f_locals:
            break
        frame = frame.f_back
    else:
        return
    known = frame.f_locals
    manager = known["callback_managers"][known["prompts"].index(prompt)]
    for recorder in _recorders(manager):
        recorder.recorder.add_hit(
            manager.parent_run_id, mark, model, kind="llm", name=type(known["self"]).__name__, tags=manager.tags,
            metadata=manager.metadata,
        )  # fmt: skip


def _recorders(callbacks: Any) -> Iterator[BeautySpotCallbackHandler]:
    """Yield the recorders among the handlers; while nobody has made one, there is none to look for."""
    module = sys.modules.get("langchain_beautyspot.recorder.handler")
    if module is not None:
        kind: type[BeautySpotCallbackHandler] = module.BeautySpotCallbackHandler
        handlers: list[BaseCallbackHandler] = getattr(callbacks, "handlers", callbacks) or []
        yield from (each for each in handlers if isinstance(each, kind))
