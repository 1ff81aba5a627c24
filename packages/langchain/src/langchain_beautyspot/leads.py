"""One call for identical lookups that miss at the same time, although LangChain never says when a call fails.

LangChain asks `lookup`, makes the call, and tells `update`; a call that fails tells nobody. So a lead ends with the
task that asked, or with the context of a worker, and who waits goes on. A thread outlives its calls: there the handlers
of the call hear that it fails. What asks without LangChain's models and never tells holds those who wait for the time
limit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import Context, ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from beautyspot.flight import Claim, Flight
from beautyspot.flight.claim import Ask
from beautyspot.parts import Parts
from beautyspot.threads import in_thread, on_event_loop

from langchain_beautyspot.failures import after_failure, call_failed

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
_of_tasks: WeakKeyDictionary["asyncio.Task[Any]", WeakSet[Lead]] = WeakKeyDictionary()


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
            try:
                if claim.leads:
                    return self._lead(claim, read, end_s)
                if claim.wait(limit_s=end_s - self._clock.monotonic()).landed:
                    return read(key, True) or self._begin(key, None)
            except TimeoutError:
                self._give_up(key)
                return self._begin(key, None)
            except BaseException:  # an interrupt; re-raised
                _cut_short(claim)
                raise

    async def answer_of_others_async(self, key: str, read: Callable[[str, bool], Awaitable[T | None]], /) -> T | None:
        """Return the answer of who makes this call now, or None to who is to make it; waits without blocking."""
        if self._is_alone(key):
            return self._begin(key, None)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + self._limit_s
        while True:
            claim = self._flight.claim(key, ask_processes=self._asks_locally)
            try:
                if claim.leads:
                    return await self._lead_async(claim, read, end_s)
                async with asyncio.timeout_at(end_s):
                    if (await claim.wait_async()).landed:
                        return await read(key, True) or self._begin(key, None)
            except TimeoutError:
                self._give_up(key)
                return self._begin(key, None)
            except BaseException:  # a cancellation; re-raised
                _cut_short(claim)
                raise

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

    def _lead(self, claim: Claim, read: Callable[[str, bool], T | None], end_s: float) -> T | None:
        claim.wait_for_process(self._clock, limit_s=end_s - self._clock.monotonic())
        # Between the first look and the claim another thread or process may have kept it.
        if (found := read(claim.key, True)) is None:
            return self._begin(claim.key, claim)
        claim.land(None, kept=True)
        return found

    async def _lead_async(
        self, claim: Claim, read: Callable[[str, bool], Awaitable[T | None]], end_s: float
    ) -> T | None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end_s):
                await claim.wait_for_process_async(self._clock, ask=self._ask)
        if (found := await read(claim.key, True)) is None:
            return self._begin(claim.key, claim, asyncio.current_task())
        claim.land(None, kept=True)
        return found

    def _is_alone(self, key: str) -> bool:
        """Say whether a wait would help nobody: it is switched off, or the call is this thread's or task's own."""
        lead = _leads.get().get((self._flight, key))
        return self._limit_s <= 0 or (lead is not None and not lead.is_over)

    def _begin(self, key: str, claim: Claim | None, task: "asyncio.Task[Any] | None" = None) -> None:
        leads = {place: lead for place, lead in _leads.get().items() if not lead.is_over}
        while len(leads) >= MAX_LEADS:
            del leads[next(iter(leads))]
        # A text model asks the same twice in one batch; the first lead may hold others.
        lead = leads.setdefault((self._flight, key), Lead(claim, self._clock.monotonic()))
        _leads.set(leads)
        if claim is not None:
            self._known[key] = lead
        if task is not None:
            _end_with(task, lead)
        after_failure(lead.abandon)

    def _give_up(self, key: str) -> None:
        """Keep nobody waiting any longer for a call of this process that took too long, or failed."""
        lead = self._known.get(key)
        if lead is not None:
            lead.abandon()


def _end_with(task: "asyncio.Task[Any]", lead: Lead) -> None:
    """Let `lead` end when `task` does, at the latest.

    Its context may go on: a timer in a frame of the call holds it, and whoever keeps a `CancelledError` the frame.
    LangChain makes each call of a chat model in a task of its own, and tells no handler that it was cancelled.
    """
    leads = _of_tasks.get(task)
    if leads is None:
        leads = _of_tasks[task] = WeakSet()
        task.add_done_callback(_abandon_leads, context=Context())
    leads.add(lead)


def _abandon_leads(task: "asyncio.Task[Any]") -> None:
    for lead in _of_tasks.pop(task, ()):
        lead.abandon()


def _cut_short(claim: Claim) -> None:
    """Leave the call to others, and all of its batch: who keeps the error keeps this frame, and with it the claim."""
    claim.abandon()
    call_failed()
