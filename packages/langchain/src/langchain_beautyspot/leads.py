"""One call for identical lookups that miss at the same time, although LangChain never says when a call fails.

LangChain asks `lookup`, makes the call, and tells `update`; a call that fails tells nobody. So a lead lives in the
context of whoever asked: when that task or worker ends, the lead ends with it, and who waits goes on. A thread outlives
its calls: there the handlers of the call hear that it fails. Who asks without LangChain's models has none; a thread
that asks again from elsewhere has left the frame from which it asked before, and so shows that its earlier call failed.
What is left waits for the time limit.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from beautyspot.flight import Claim, Flight
from beautyspot.flight.claim import Ask
from beautyspot.parts import Parts
from beautyspot.threads import in_thread, on_event_loop

from langchain_beautyspot.asking import Asking, asking
from langchain_beautyspot.failures import after_failure

T = TypeVar("T")


class Lead:
    """A call that somebody is to make, and that ends with `update`, with its context, or at the time limit."""

    __slots__ = ("__weakref__", "_asker", "_depth", "_frame", "claim", "flight", "key", "start_s")

    def __init__(self, flight: Flight, key: str, claim: Claim | None, start_s: float) -> None:
        """Begin now."""
        self.flight = flight
        self.key = key
        self.claim = claim
        """None where others are not kept waiting."""
        self.start_s = start_s
        now = asking()
        self._asker, self._depth, self._frame = now.asker, len(now.stack), now.stack[-1]

    def is_over(self, now: Asking) -> bool:
        """Say whether it ended; one of this thread or task did when its frame was left, which means that it failed."""
        if self.claim is not None and self.claim.call.done:
            return True
        if self._asker != now.asker:
            return False
        if len(now.stack) < self._depth or now.stack[self._depth - 1] != self._frame:
            return True
        # The frame of a new call mostly lies where that of the last one lay.
        return len(now.stack) == self._depth and not now.asks_several

    def land(self, *, kept: bool) -> None:
        """Let those who wait go on, and say whether the store has the answer."""
        if self.claim is not None:
            self.claim.land(None, kept=kept)

    def abandon(self) -> None:
        """Let one of those who wait make the call. Does nothing to a lead that has ended."""
        if self.claim is not None:
            self.claim.abandon()


_leads: ContextVar[tuple[Lead, ...]] = ContextVar("langchain_beautyspot_leads", default=())
"""The strong references, so that leads end with their context."""


class Leads:
    """The leads of one cache."""

    def __init__(self, parts: Parts, *, limit_s: float) -> None:
        """Lead nothing yet.

        Args:
            parts: Of the Spot where callers of the same key meet.
            limit_s: Longest wait for somebody else's call; 0 for no wait.
        """
        self._flight = parts.flight
        self._clock = parts.clock
        self._limit_s = limit_s
        self._asks_locally = parts.store.reads_locally
        self._ask: Ask | None = None if self._asks_locally else partial(in_thread, parts.executor)
        self._known: WeakValueDictionary[str, Lead] = WeakValueDictionary()

    def answer_of_others(self, key: str, read: Callable[[str], T | None], /) -> T | None:
        """Return the answer of who makes this call now, or None to who is to make it.

        Never waits on an event loop's thread, nor for a call that this thread itself is to make.
        """
        if self._is_alone(key) or on_event_loop():
            return self._begin(key, None)
        end_s = self._clock.monotonic() + self._limit_s
        while True:
            claim = self._flight.claim(key)
            if claim.leads:
                claim.wait_for_process(self._clock, limit_s=end_s - self._clock.monotonic())
                # Between the first look and the claim another thread or process may have kept it.
                if (found := read(key)) is not None:
                    claim.land(None, kept=True)
                    return found
                return self._begin(key, claim)
            try:
                landed = claim.wait(limit_s=end_s - self._clock.monotonic()).landed
            except TimeoutError:
                self._give_up(key)
                return self._begin(key, None)
            if landed:
                return read(key) or self._begin(key, None)

    async def answer_of_others_async(self, key: str, read: Callable[[str], Awaitable[T | None]], /) -> T | None:
        """Return the answer of who makes this call now, or None to who is to make it; waits without blocking."""
        if self._is_alone(key):
            return self._begin(key, None)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self._limit_s
        while True:
            claim = self._flight.claim(key, ask_processes=self._asks_locally)
            try:
                async with asyncio.timeout_at(end_s):
                    if not claim.leads:
                        if not (await claim.wait_async()).landed:
                            continue
                        return await read(key) or self._begin(key, None)
                    await claim.wait_for_process_async(self._clock, ask=self._ask)
            except TimeoutError:
                if not claim.leads:
                    self._give_up(key)
                    return self._begin(key, None)
            if (found := await read(key)) is not None:
                claim.land(None, kept=True)
                return found
            return self._begin(key, claim)

    def begin(self, key: str, /) -> None:
        """Note that the call begins, and keep nobody waiting for it."""
        self._forget_what_is_over()
        self._begin(key, None)

    def end(self, key: str, /) -> Lead | None:
        """Return the lead of `key`, which is over: the caller lands it."""
        for lead in _leads.get():
            if lead.key == key and lead.flight is self._flight:
                _leads.set(tuple(other for other in _leads.get() if other is not lead))
                return lead
        return self._known.get(key)  # asked in one context and told in another

    def _is_alone(self, key: str) -> bool:
        """Say whether a wait would help nobody: it is switched off, or the call is this thread's or task's own."""
        self._forget_what_is_over()
        return self._limit_s <= 0 or any(lead.key == key and lead.flight is self._flight for lead in _leads.get())

    def _forget_what_is_over(self) -> None:
        if not _leads.get():
            return
        now = asking()
        for lead in _leads.get():
            if lead.is_over(now):
                lead.abandon()
                _leads.set(tuple(other for other in _leads.get() if other is not lead))

    def _begin(self, key: str, claim: Claim | None) -> None:
        lead = Lead(self._flight, key, claim, self._clock.monotonic())
        _leads.set((*_leads.get(), lead))
        if claim is not None:
            self._known[key] = lead
            after_failure(lead.abandon)

    def _give_up(self, key: str) -> None:
        """Keep nobody waiting any longer for a call of this process that took too long, or failed."""
        lead = self._known.get(key)
        if lead is not None:
            lead.abandon()
