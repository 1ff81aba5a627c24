"""The rate limiter: requests and tokens per minute, in one process or shared by all that use a database."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from beautyspot.call_limiter import CallLimiter, CallRates
from beautyspot.checks import expect
from beautyspot.errors import LimitExceeded

from llama_index.callbacks.beautyspot.listening import attach
from llama_index.callbacks.beautyspot.meter import METER, estimate_texts
from llama_index.callbacks.beautyspot.spans import SPANS
from llama_index.core.rate_limiter import BaseRateLimiter

if TYPE_CHECKING:
    from beautyspot.durations import Duration
    from beautyspot.places import Place

    from llama_index.callbacks.beautyspot.span import Span


class BeautySpotRateLimiter(CallLimiter, BaseRateLimiter):
    """Lets calls of models go at a rate: the burst at once, the others evenly, in the order they come.

    Any number of models may share one. Hits of a cache never ask, so they spend nothing. A call of a model's that
    makes another of its own, as `achat` of a `CustomLLM` does, counts once, and so does one that asks another model.

    ```python
    limiter = BeautySpotRateLimiter(requests_per_minute=60, tokens_per_minute=90_000)
    llm.rate_limiter = embed_model.rate_limiter = limiter
    ```

    A call reserves about as many tokens as its prompt has, and settles what the provider says it came to when it has
    ended: the calls to come wait until all is paid.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        *,
        burst: float = 1,
        token_burst: float = 1,
        timeout: Duration | None = None,
        spot: Place | None = None,
        shared: bool = False,
        name: str = "llama_index",
    ) -> None:
        """Start with nothing spent.

        Args:
            requests_per_minute: Calls a minute, above 0; None for no limit.
            tokens_per_minute: Tokens a minute, of prompts and answers together, above 0; None for no limit.
            burst: Calls that may go at once after a pause, and at the start; 1 paces strictly.
            token_burst: Tokens that may be owed before a call waits for the payment; 1 paces strictly.
            timeout: Longest wait of one call; a longer one is refused at once. None for no end.
            spot: Where a shared limit is kept: a Spot, a file's path, or the URL of an SQL database. One that is not
                shared takes its clock alone.
            shared: Hold the limits in the database of `spot`, for every process that uses them under this name.
            name: The name of the shared limits.

        Raises:
            ConfigurationError: an argument is wrong, or missing.
        """
        expect(isinstance(name, str), "name", name, "a text")  # pyright: ignore[reportUnnecessaryIsInstance] - a user's
        rates = CallRates(requests_per_minute, tokens_per_minute, burst, token_burst, timeout, shared)
        super().__init__(spot, rates, name=name)
        self.counts_tokens = tokens_per_minute is not None
        if self.counts_tokens:
            METER.limiters.add(self)
        attach(METER)

    def acquire(self, num_tokens: int = 0) -> None:
        """Wait until a call may be made, blocking the thread; an interrupted wait spends nothing.

        Args:
            num_tokens: About what the call will come to; 0 to estimate it from the prompt, or from the texts to
                embed, of the call that runs now.

        Raises:
            RateLimitTimeout: the wait would be longer than `timeout`.
            LimitExceeded: the call has more tokens than a whole minute grants.
        """
        tokens = self._asked(num_tokens)
        if tokens is not None:
            self.wait(reservation := self.reserve(tokens=tokens))
            METER.note(self, reservation, tokens)

    async def async_acquire(self, num_tokens: int = 0) -> None:
        """Do as `acquire` does, letting the event loop go on; a cancelled wait spends nothing."""
        tokens = self._asked(num_tokens)
        if tokens is not None:
            await self.wait_async(reservation := await self.reserve_async(tokens=tokens))
            METER.note(self, reservation, tokens)

    def _asked(self, num_tokens: int) -> int | None:
        """Return what to reserve; None for a call that is part of one that was let go.

        Raises:
            LimitExceeded: it is more than a whole minute grants.
        """
        attach(METER)
        span = SPANS.current()
        if span is not None and (span.is_nested or METER.hand_down(self, span)):
            return None
        tokens = num_tokens or (_estimated(span) if span is not None else 0)
        if tokens > self._budget.most_tokens:
            raise LimitExceeded(
                f"a call of about {tokens!r} tokens is above what the limit {self.name!r} grants in a whole minute, "
                f"{self._budget.most_tokens:g}, so no wait is long enough; raise tokens_per_minute=, split the "
                "prompt, or give an embedding model a smaller embed_batch_size="
            )
        return tokens


def _estimated(span: Span) -> int:
    if span.batches is None:
        return span.tokens
    with suppress(Exception):  # odd texts have no estimate, and the model says what is wrong with them
        return estimate_texts(next(span.batches, ()))
    return 0
