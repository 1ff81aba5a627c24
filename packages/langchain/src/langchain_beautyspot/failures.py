"""Hears that a call of a model failed: LangChain tells its cache nothing of that, but it tells the call's handlers."""

import sys
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakMethod

from langchain_core.callbacks import BaseCallbackHandler

from langchain_beautyspot.asking import MODELS


class FailureHandler(BaseCallbackHandler):
    """Does something once a call fails."""

    run_inline = True  # microseconds: a thread for each event would take longer

    def __init__(self) -> None:
        """Do nothing yet."""
        self.then: list[WeakMethod[Callable[[], None]]] = []
        """Weak, as an error that somebody keeps holds the frames of its call, and so their handlers."""

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Note nothing: without this, LangChain would turn the messages into text to call another method."""

    def on_llm_error(self, *_: Any, **__: Any) -> None:
        """Do what is to be done."""
        for each in self.then:
            method = each()
            if method is not None:
                method()


def after_failure(method: Callable[[], None], /) -> None:
    """Let the bound `method` be called if the call fails for which a model looks up now.

    Its managers stand in the frames of LangChain alone. A handler for these calls costs the others nothing.
    """
    for manager in _managers():
        handler = next((each for each in manager.handlers if type(each) is FailureHandler), None)
        if handler is None:
            handler = FailureHandler()
            # A list of its own: the one that is there may be that of other calls too.
            manager.handlers = [*manager.handlers, handler]
        handler.then.append(WeakMethod(method))


def _managers() -> Iterator[Any]:
    """Yield the managers of the call for which the nearest model on the stack looks up; a text model's may be many."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, takes 1000 times as long
    while frame is not None:
        if frame.f_globals.get("__name__") in MODELS:
            managers = [frame.f_locals.get("run_manager"), *(frame.f_locals.get("callback_managers") or ())]
            known = {id(each): each for each in managers if isinstance(getattr(each, "handlers", None), list)}
            if known:
                yield from known.values()
                return
        frame = frame.f_back
