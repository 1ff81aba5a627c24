"""Hits of which LangChain tells no handler: of text models, and answers that a middleware gives in a model's stead."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_beautyspot.callers import manager_of_text

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from langchain_beautyspot.recorder.handler import BeautySpotCallbackHandler


def note_hit(func_name: str, mark: Mapping[str, Any], *, name: str, answer: BaseMessage | None = None) -> None:
    """Tell the recorders of the runnable that runs now of a hit inside it.

    Args:
        func_name: What the kept result is filed under: `langchain.openai.gpt-5`, `langchain.tool.search`.
        mark: Its `cache_key`, and the `saved_tokens` if they are known.
        name: Of the model's class, or of the tool.
        answer: What the hit gave, for its tokens by kind.
    """
    if _handler_class() is not None:
        from langchain_core.runnables.config import var_child_runnable_config  # a cache of a bare model does without

        _tell((var_child_runnable_config.get() or {}).get("callbacks"), func_name, mark, name, answer)


def note_text_hit(func_name: str, mark: Mapping[str, Any], prompt: str, /, *, text: str = "") -> None:
    """Tell the recorders of the text model that looks `prompt` up now of a hit, which gave `text`.

    It asks the cache before it tells handlers of a run, and of a hit it tells none: only its frame knows them.
    """
    if _handler_class() is not None and (asked := manager_of_text(prompt)) is not None:
        manager, name = asked
        _tell(manager, func_name, mark, name, None, text)


def _tell(
    callbacks: Any, func_name: str, mark: Mapping[str, Any], name: str, answer: BaseMessage | None, text: str = ""
) -> None:
    """Tell the recorders among `callbacks`, which are a manager's or a list."""
    for handler in getattr(callbacks, "handlers", callbacks) or ():
        if isinstance(handler, _handler_class() or ()):
            handler.on_hit(
                func_name, mark, name, answer, parent_run_id=getattr(callbacks, "parent_run_id", None),
                tags=getattr(callbacks, "tags", None), metadata=getattr(callbacks, "metadata", None), text=text,
            )  # fmt: skip


def _handler_class() -> type[BeautySpotCallbackHandler] | None:
    """Return the class of recorders; while nothing has imported it, there is none to tell."""
    module = sys.modules.get("langchain_beautyspot.recorder.handler")
    return None if module is None else module.BeautySpotCallbackHandler
