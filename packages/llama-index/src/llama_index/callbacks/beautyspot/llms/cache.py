"""One cache of answers: what it was told, where answers are, and who makes a call that several ask for."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from beautyspot.checks import expect, words
from beautyspot.copies import Uncopied
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheReadWarning, CacheSaveWarning, CacheWarning
from beautyspot.flight import Claim
from beautyspot.flight.claim import Ask
from beautyspot.lenient import NEXT_STEP, LenientRows, report
from beautyspot.places import Place, opened
from beautyspot.replays import no_result
from beautyspot.store import Hit, Label
from beautyspot.threads import in_thread, on_event_loop

from llama_index.callbacks.beautyspot.asking import Watch, is_running
from llama_index.callbacks.beautyspot.carried import Carried
from llama_index.callbacks.beautyspot.errors import ReplayMiss
from llama_index.callbacks.beautyspot.llms.answers import Response, is_complete
from llama_index.callbacks.beautyspot.llms.call import Call
from llama_index.callbacks.beautyspot.llms.kept import Answer, AnswerSerializer
from llama_index.callbacks.beautyspot.llms.questions import KeyFn, Question, Questions
from llama_index.callbacks.beautyspot.policy import Mode, mode_from, mode_of_call
from llama_index.callbacks.beautyspot.recorder.usage import usage_of

T = TypeVar("T")
VERSION = "llm-answers-1"


class Lookup(NamedTuple):
    """What was asked, and how the cache works for this call."""

    question: Question
    mode: Mode
    watch: Watch | None = None
    """Sees with which settings the model is asked, from when no answer was found."""


class Options(NamedTuple):
    """What `cache_llm` was told."""

    ttl: Duration | None
    namespace: str
    mode: Mode
    cache_if: Callable[[Response], bool] | None
    tags: Sequence[str]
    key_fn: KeyFn | None
    model_id: str | None
    flight_timeout_s: float

    def expect_sense(self) -> None:
        """Refuse what is of another type than it should be.

        Raises:
            ConfigurationError: something is.
        """
        expect(isinstance(self.namespace, str), "namespace", self.namespace, "a text")  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(isinstance(self.model_id, str | None), "model_id", self.model_id, "a text")  # pyright: ignore[reportUnnecessaryIsInstance]
        for name, function in (("cache_if", self.cache_if), ("key_fn", self.key_fn)):
            expect(function is None or callable(function), name, function, "a function")
        limit_s = self.flight_timeout_s
        is_span = isinstance(limit_s, int | float) and limit_s >= 0  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_span, "flight_timeout_s", limit_s, "seconds from 0")


class LLMCache(Uncopied):
    """The answers of models, in a Spot. Its own trouble never reaches the caller: it is warned of, and the model asked.

    Safe to use from any thread, event loop and, after a fork, process.
    """

    def __init__(self, place: Place, options: Options) -> None:
        """Open the store.

        Raises:
            ConfigurationError: an option is wrong.
        """
        options.expect_sense()
        self._made_by = place, options
        self._parts = parts = opened(place).parts
        self._store, self.clock = parts.store, parts.clock
        self._mode: Mode = mode_from(options.mode)
        self._cache_if, self._tags = options.cache_if, words("tags", options.tags)
        self._ttl_s = None if options.ttl is None else seconds(options.ttl)
        self._limit_s = options.flight_timeout_s
        self._serializer = AnswerSerializer(parts.serializer)
        self._rows = LenientRows(parts, "LlamaIndex", self._serializer)
        self.questions = Questions(
            parts.journal, parts.registry,
            namespace=options.namespace, key_fn=options.key_fn, model_id=options.model_id,
        )  # fmt: skip

    def ask(self, call: Call, /) -> Lookup | None:
        """Return what `call` asks; None where the model is to be asked as if there was no cache.

        Raises:
            ReplayMiss: no key can be made of it, or there is not even a database, in the mode `replay_only`.
        """
        if is_running(call.llm) or (mode := mode_of_call(self._mode, self._store)) == "off":
            return None
        try:
            return Lookup(self.questions.question(call.llm, call.family, call.asked, call.options), mode)
        except Exception as error:  # options and `key_fn` are the user's and raise anything; the model is asked
            if mode == "replay_only":
                raise ReplayMiss(
                    f"no key could be made of a call of {type(call.llm).__name__!r} ({error}), and the mode is "
                    "'replay_only'; give the cache a key_fn="
                ) from error
            self._report("made no key of a call, so nothing is looked up or kept", error, next_step="give it a key_fn=")
            return None

    def find(self, lookup: Lookup, /) -> Hit | None:
        """Return the kept answer."""
        return None if lookup.mode == "refresh" else self._read(lookup.question.key)

    async def find_async(self, lookup: Lookup, /) -> Hit | None:
        """Do as `find`, without blocking the event loop."""
        return None if lookup.mode == "refresh" else await self._read_async(lookup.question.key)

    def watched(self, call: Call, lookup: Lookup, /) -> tuple[Lookup, Watch]:
        """Return what sees with which settings the model is asked, and the lookup that knows it."""
        watch = self.questions.watch(call.llm, lookup.question)
        return lookup._replace(watch=watch), watch

    def wait(self, lookup: Lookup, /) -> tuple[Hit | None, Claim | None]:
        """Return the answer of who asks the same, or else the claim of who is to make the call; None: nobody waits.

        Never waits on an event loop's thread: whoever it waits for may be on the same loop.
        """
        if not self._flies(lookup):
            return None, None
        question = lookup.question
        end_s = self.clock.monotonic() + self._limit_s
        while True:
            claim = self._parts.flight.claim(question.key)
            if claim.leads:
                if not on_event_loop():
                    claim.wait_for_process(self.clock, limit_s=end_s - self.clock.monotonic())
                return self._read_again(claim, self._read(question.key))
            if on_event_loop():
                return None, None
            try:
                landed = claim.wait(limit_s=end_s - self.clock.monotonic()).landed
            except TimeoutError:
                return None, None
            if landed:
                return self._read(question.key), None

    async def wait_async(self, lookup: Lookup, /) -> tuple[Hit | None, Claim | None]:
        """Do as `wait`, without blocking the event loop."""
        if not self._flies(lookup):
            return None, None
        question = lookup.question
        end_s = asyncio.get_running_loop().time() + self._limit_s
        is_local = self._store.reads_locally
        ask: Ask | None = None if is_local else self.in_thread
        while True:
            claim, limit = self._parts.flight.claim(question.key, ask_processes=is_local), asyncio.timeout_at(end_s)
            try:
                async with limit:
                    if not claim.leads:
                        if (await claim.wait_async()).landed:
                            return await self._read_async(question.key), None
                        continue
                    await claim.wait_for_process_async(self.clock, ask=ask)
            except TimeoutError:
                if not limit.expired():
                    raise  # the leader's own
                if not claim.leads:
                    return None, None
            return self._read_again(claim, await self._read_async(question.key))

    def keep(self, lookup: Lookup, answer: Answer, elapsed_s: float, claim: Claim | None, /) -> None:
        """Count a call, keep its answer, and let those who wait go on, whatever comes of the keeping."""
        question, mode, _ = lookup
        kept = False
        try:
            if answer.tokens is None:
                answer = answer._replace(tokens=usage_of(answer.response).total_tokens)
            question.tally.miss(0.0, failed=False)
            question.tally.tokens(spent=answer.tokens or 0)
            if mode != "read_only":
                kept = self._store.keep(
                    self._label(question, elapsed_s), answer, self._serializer, keep_if=self._is_wanted
                )
        except Exception as error:  # noqa: BLE001 - the caller has an answer that was paid for
            self._report("could not keep an answer", error, category=CacheSaveWarning)
        finally:
            if claim is not None and mode == "read_only":  # of other settings than those who wait ask for
                claim.abandon()
            elif claim is not None:
                claim.land(None, kept=kept)
        self._parts.journal.tick(elapsed_s)

    async def keep_async(self, lookup: Lookup, answer: Answer, elapsed_s: float, claim: Claim | None, /) -> None:
        """Do as `keep` in a thread, which goes on when the caller is cancelled."""
        if claim is not None:
            claim.hand_over()
        await self.in_thread(self.keep, lookup, answer, elapsed_s, claim)

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work` in the Spot's executor, or the event loop's own; it goes on when the caller is cancelled."""
        return await in_thread(self._parts.executor, work, *args)

    def refuse(self, call: Call, lookup: Lookup, /) -> None:
        """Refuse to ask the model where only kept answers are wanted.

        Raises:
            ReplayMiss: so it is.
        """
        if lookup.mode == "replay_only":
            asked = call.asked if isinstance(call.asked, str) else str(call.asked[-1] if call.asked else "")
            what, step = f"answer to {asked[-200:]!r}", "ask it once in the mode 'read_write'"
            raise ReplayMiss(no_result(self._store, what, step, [lookup.question.key]))

    def settled(self, call: Call, lookup: Lookup, /) -> Lookup:
        """Return what becomes of the answer that the model gives now: nobody finds one of other settings."""
        if lookup.watch is None or lookup.watch.settled(self._store.notices, type(call.llm).__name__):
            return lookup
        return lookup._replace(mode="read_only")

    def _flies(self, lookup: Lookup) -> bool:
        """Say whether callers of one key wait for one another."""
        return lookup.mode == "read_write" and self._limit_s > 0

    def _read(self, key: str) -> Hit | None:
        try:  # what `LenientRows` does, without its 1 µs
            return self._store.read(key, self._serializer)
        except Exception as error:  # noqa: BLE001 - where warnings are errors
            self._report("could not look an answer up", error)
            return None

    async def _read_async(self, key: str) -> Hit | None:
        return (await self._rows.read_async((key,)))[0]

    def _read_again(self, claim: Claim, hit: Hit | None) -> tuple[Hit | None, Claim | None]:
        """Take what another process or thread kept between the first look and the claim."""
        if hit is None:
            return None, claim
        claim.land(None, kept=True)
        return hit, None

    def _label(self, question: Question, elapsed_s: float) -> Label:
        return Label(
            cache_key=question.key, func_name=question.tally.func_name, input_id=question.key[:16], version=VERSION,
            elapsed_s=elapsed_s, ttl_s=self._ttl_s, tags=self._tags,
        )  # fmt: skip

    def _is_wanted(self, answer: Answer) -> bool:
        if self._cache_if is is_complete and answer.cut_short:
            return False
        return self._cache_if is None or self._cache_if(answer.response)

    def _report(
        self,
        what: str,
        error: Exception,
        *,
        category: type[CacheWarning] = CacheReadWarning,
        next_step: str = NEXT_STEP,
    ) -> None:
        report(self._store.notices, "LlamaIndex", what, error, category, next_step=next_step)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this cache go to another process: there it opens the same store."""
        place, options = self._made_by
        return LLMCache, (Carried(place), options)
