"""One call for identical lookups that miss at the same time, although LangChain never says when a call fails.

LangChain asks `lookup`, makes the call, and tells `update`; a call that fails tells nobody. So a lead lives in the
context of whoever asked: when that task or worker ends, the lead ends with it, and who waits goes on. A thread outlives
its calls: there the handlers of the call hear that it fails. What asks without LangChain's models and never tells holds
those who wait for the time limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import TypeVar
from weakref import WeakValueDictionary

from beautyspot.flight import Claim, Flight
from beautyspot.flight.claim import Ask
from beautyspot.parts import Parts
from beautyspot.threads import in_thread, on_event_loop

from langchain_beautyspot.failures import after_failure

T = TypeVar("T")


class Lead:
    """A call that somebody is to make. It ends with `update`, when it fails, with its context, or at the limit."""

    __slots__ = ("__weakref__", "claim", "is_over", "start_s")

    def __init__(self, claim: Claim | None, start_s: float) -> None:
        """Begin now; without a claim others are not kept waiting."""
        self.claim = claim
        self.start_s = start_s
        self.is_over = False

    def land(self, *, kept: bool) -> None:
        """Let those who wait go on, and say whether the store has the answer."""
        self.is_over = True
        if self.claim is not None:
            self.claim.land(None, kept=kept)

    def abandon(self) -> None:
        """Let one of those who wait make the call. Does nothing to a lead that has ended."""
        self.is_over = True
        if self.claim is not None:
            self.claim.abandon()


MAX_LEADS = 1024
"""Of one context, which may ask and never tell; those before them are left to others."""
_NONE: Mapping[tuple[Flight, str], Lead] = MappingProxyType({})
_leads: ContextVar[Mapping[tuple[Flight, str], Lead]] = ContextVar("langchain_beautyspot_leads", default=_NONE)
"""The strong references, so that leads end with their context. A context's own: copies of it share what they hold."""


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

    def answer_of_others(self, key: str, read: Callable[[str, bool], T | None], /) -> T | None:
        """Return the answer of who makes this call now, or None to who is to make it.

        Never waits on an event loop's thread, nor for a call that this thread itself is to make. `read` is told that
        it looks again.
        """
        if self._is_alone(key) or on_event_loop():
            return self._begin(key, None)
        end_s = self._clock.monotonic() + self._limit_s
        while True:
            claim = self._flight.claim(key)
            if claim.leads:
                claim.wait_for_process(self._clock, limit_s=end_s - self._clock.monotonic())
                # Between the first look and the claim another thread or process may have kept it.
                if (found := read(key, True)) is not None:
                    claim.land(None, kept=True)
                    return found
                return self._begin(key, claim)
            try:
                landed = claim.wait(limit_s=end_s - self._clock.monotonic()).landed
            except TimeoutError:
                self._give_up(key)
                return self._begin(key, None)
            if landed:
                return read(key, True) or self._begin(key, None)

    async def answer_of_others_async(self, key: str, read: Callable[[str, bool], Awaitable[T | None]], /) -> T | None:
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
                        return await read(key, True) or self._begin(key, None)
                    await claim.wait_for_process_async(self._clock, ask=self._ask)
            except TimeoutError:
                if not claim.leads:
                    self._give_up(key)
                    return self._begin(key, None)
            if (found := await read(key, True)) is not None:
                claim.land(None, kept=True)
                return found
            return self._begin(key, claim)

    def begin(self, key: str, /) -> None:
        """Note that the call begins, and keep nobody waiting for it."""
        self._begin(key, None)

    def end(self, key: str, /) -> Lead | None:
        """Return the lead of `key`, which is over: the caller lands it."""
        leads, place = _leads.get(), (self._flight, key)
        if place not in leads:
            return self._known.get(key)  # asked in one context and told in another
        _leads.set({other: lead for other, lead in leads.items() if other != place})
        return leads[place]

    def _is_alone(self, key: str) -> bool:
        """Say whether a wait would help nobody: it is switched off, or the call is this thread's or task's own."""
        lead = _leads.get().get((self._flight, key))
        return self._limit_s <= 0 or (lead is not None and not lead.is_over)

    def _begin(self, key: str, claim: Claim | None) -> None:
        leads = {place: lead for place, lead in _leads.get().items() if not lead.is_over}
        while len(leads) >= MAX_LEADS:
            del leads[next(iter(leads))]
        # A text model asks the same twice in one batch; the first lead may hold others.
        lead = leads.setdefault((self._flight, key), Lead(claim, self._clock.monotonic()))
        _leads.set(leads)
        if claim is not None:
            self._known[key] = lead
        after_failure(lead.abandon)

    def _give_up(self, key: str) -> None:
        """Keep nobody waiting any longer for a call of this process that took too long, or failed."""
        lead = self._known.get(key)
        if lead is not None:
            lead.abandon()
