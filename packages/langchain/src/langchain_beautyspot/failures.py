"""Hears that a call of a model failed: LangChain tells its cache nothing of that, but it tells the call's handlers."""

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from langchain_core.callbacks import BaseCallbackHandler

from langchain_beautyspot.callers import managers_of_call


class FailureHandler(BaseCallbackHandler):
    """Does something once a call fails."""

    run_inline = True  # microseconds: a thread for each event would take longer

    def __init__(self) -> None:
        """Do nothing yet."""
        self.then: list[WeakMethod[Callable[[], None]]] = []
        """Weak, as an error that somebody keeps holds the frames of its call, and so their handlers."""

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Note nothing: without this, LangChain would turn the messages into text to call another method."""

    def __del__(self) -> None:
        """Do it as well where the call ended and told nobody, and whoever held its frames has let go of them.

        So ends the call of a text model that is interrupted, or whose handler raises, between its look and its call.
        """
        self.on_llm_error()

    def on_llm_error(self, *_: Any, **__: Any) -> None:
        """Do what is to be done."""
        for each in self.then:
            method = each()
            if method is not None:
                method()


def after_failure(method: Callable[[], None], /) -> None:
    """Let the bound `method` be called if the call fails for which a model looks up now.

    A handler for these calls costs the others nothing.
    """
    managers = managers_of_call()
    if not managers:
        return
    handler = _handler_of(managers)
    if handler is None:
        handler = FailureHandler()
        for manager in {id(each): each for each in managers}.values():
            # A list of its own: the one that is there may be that of other calls too.
            manager.handlers = [*manager.handlers, handler]
    handler.then.append(WeakMethod(method))


def call_failed() -> None:
    """Do what was to be done if the call fails for which a model looks up now: it looked up more than one text."""
    handler = _handler_of(managers_of_call())
    if handler is not None:
        handler.on_llm_error()


def _handler_of(managers: list[Any]) -> FailureHandler | None:
    handlers = managers[0].handlers if managers else ()
    return next((each for each in handlers if type(each) is FailureHandler), None)
