"""The handler that pays a limiter the tokens of each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler

from langchain_beautyspot.usage import kept_elsewhere, read_result

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

    from langchain_beautyspot.limiter import BeautySpotRateLimiter


class Payer(BaseCallbackHandler):
    """Pays what the provider says that a call took, so that the calls to come wait for it."""

    run_inline = True  # microseconds: a thread for each event would take longer

    def __init__(self, limiter: BeautySpotRateLimiter) -> None:
        """Pay to `limiter`."""
        self._limiter = limiter

    def __eq__(self, other: object) -> bool:
        """Say whether `other` pays the same limiter: of two that are equal, LangChain tells one."""
        return isinstance(other, Payer) and other._limiter is self._limiter

    def __hash__(self) -> int:
        """Return what equal ones share."""
        return hash((Payer, id(self._limiter)))

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        """Note nothing: without this, LangChain would turn the messages into text to call another method."""

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """Pay for an answer that no cache gave."""
        self._pay(response)

    def on_llm_error(self, error: BaseException, *, response: LLMResult | None = None, **_: Any) -> None:
        """Pay for what came before a stream broke off, as far as the provider said it."""
        del error
        if response is not None:
            self._pay(response)

    def _pay(self, response: LLMResult) -> None:
        said = read_result(response)
        if said.hit is None and kept_elsewhere(response) is None and said.usage.total_tokens:
            self._limiter.pay(said.usage.total_tokens)
