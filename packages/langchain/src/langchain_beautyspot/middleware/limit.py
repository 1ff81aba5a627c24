"""The rate limit for agents: tokens are estimated before a call, and settled after it."""

from collections.abc import Awaitable, Callable
from typing import Any

from beautyspot.checks import expect
from beautyspot.limiters.budget import CallReservation
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage
from langchain_core.messages.utils import count_tokens_approximately

from langchain_beautyspot.limiter import BeautySpotRateLimiter
from langchain_beautyspot.usage import is_free, usage_of_message


class RateLimitMiddleware(AgentMiddleware[Any, Any, Any]):
    """Lets the calls of an agent's model go at a rate of requests, of tokens, or of both.

    ```python
    limit = RateLimitMiddleware(requests_per_minute=60, tokens_per_minute=90_000)
    agent = create_agent(model, tools, middleware=[CacheMiddleware("agents.db"), limit])
    ```

    A call reserves about as many tokens as its messages and tools have, and settles what it came to afterwards. Put it
    last, so that it paces each call that is really made, and no hit of a `CacheMiddleware`. A hit of the model's own
    cache, such as that of `set_llm_cache`, gives back what it reserved.
    """

    def __init__(
        self,
        limiter: BeautySpotRateLimiter | None = None,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        """Pace by `limiter`, which several agents may share, or by a limit of its own.

        Args:
            limiter: For a burst, a timeout, or a limit that processes share.
            requests_per_minute: Calls a minute, above 0; None for no limit.
            tokens_per_minute: Tokens a minute, of prompt and answer together, above 0; None for no limit.

        Raises:
            ConfigurationError: neither a limiter nor a rate, or both.
        """
        super().__init__()
        rates = (requests_per_minute, tokens_per_minute)
        alone = limiter is None or rates == (None, None)
        expect(alone, "RateLimitMiddleware", (limiter, *rates), "a limiter, or the rates of one, not both")
        self.limiter = limiter or BeautySpotRateLimiter(
            requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute
        )

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Any]) -> Any:
        """Wait until the call may be made, and make it.

        Raises:
            RateLimitTimeout: the wait would be longer than the limiter's timeout.
        """
        limiter = self.limiter
        limiter.wait(reservation := limiter.reserve(tokens=(estimate := _tokens_of(request))))
        try:
            response = handler(request)
        except BaseException:  # an interrupt among them; re-raised
            limiter.settle(reservation, 0)
            raise
        _settle(limiter, reservation, response, estimate)
        return response

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[Any]]
    ) -> Any:
        """Do as `wrap_model_call`, letting the event loop go on."""
        limiter = self.limiter
        reservation = await limiter.reserve_async(tokens=(estimate := _tokens_of(request)))
        await limiter.wait_async(reservation)
        try:
            response = await handler(request)
        except BaseException:  # a cancellation among them; re-raised
            limiter.settle(reservation, 0)
            raise
        _settle(limiter, reservation, response, estimate)
        return response


def _tokens_of(request: ModelRequest[Any]) -> int:
    """Return about how many tokens a call sends."""
    system = [] if request.system_message is None else [request.system_message]
    return count_tokens_approximately([*system, *request.messages], tools=list(request.tools) or None)


def _settle(
    limiter: BeautySpotRateLimiter,
    reservation: CallReservation,
    response: ModelResponse[Any] | AIMessage,
    estimate: int,
) -> None:
    """Settle what an answer came to, the estimate where the provider doesn't say; a cache's takes nothing."""
    messages = [response] if isinstance(response, AIMessage) else response.result
    if any(map(is_free, messages)):
        limiter.give_back(reservation)
        return
    said = (usage_of_message(message).total_tokens for message in messages)
    limiter.settle(reservation, next(filter(None, said), estimate))
