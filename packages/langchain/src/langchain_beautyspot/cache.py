"""The cache for `set_llm_cache`: answers of chat and text models, kept in a Spot."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from beautyspot.checks import expect
from beautyspot.copies import Uncopied
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheReadWarning, CacheSaveWarning, CacheWarning, ConfigurationError
from beautyspot.lenient import NEXT_STEP as OF_THE_STORE
from beautyspot.lenient import report
from beautyspot.places import Place, opened, portable
from beautyspot.records import TaskFilter
from beautyspot.replays import expect_database, no_result
from beautyspot.store import Hit, Label
from beautyspot.threads import in_thread
from langchain_core.caches import BaseCache
from langchain_core.outputs import ChatGeneration, Generation

from langchain_beautyspot.answers import is_complete, tokens_of
from langchain_beautyspot.callers import settings_of_chat
from langchain_beautyspot.counts import CacheStats, Counts
from langchain_beautyspot.entries import VERSION, delete_entries, namespace_of, tags_of
from langchain_beautyspot.errors import ReplayMiss
from langchain_beautyspot.generations import Answer
from langchain_beautyspot.kept_answers import KeptAnswers
from langchain_beautyspot.leads import Lead, Leads
from langchain_beautyspot.models import tells_type_alone
from langchain_beautyspot.parsed_objects import restore
from langchain_beautyspot.prompts import readable_prompt
from langchain_beautyspot.questions import TTL, Question, Questions, warn_of_untold
from langchain_beautyspot.recorder.hits import note_text_hit
from langchain_beautyspot.sqlite_cache import Imported, read_entries, warn_of_unidentified

Mode = Literal["read_write", "read_only", "refresh", "replay_only"]
MODES: tuple[Mode, ...] = ("read_write", "read_only", "refresh", "replay_only")
HIT_MARK = "_cache_hit"
"""In the `__dict__` of a generation that came from the cache: no field, so no comparison, dump or key sees it."""
KEY_MARK = "_cache_key"
"""In the same place of a generation that the model has just given: where it is kept."""


class BeautySpotCache(BaseCache, Uncopied):
    """Keeps every answer of LangChain's models, and gives it back to the same question.

    Its own trouble never reaches the caller: it is counted, warned of once, and the model is asked. Safe to use from
    any thread, event loop and, after a fork, process.
    """

    def __init__(
        self,
        place: Place,
        *,
        ttl: TTL = None,
        namespace: str = "",
        mode: Mode = "read_write",
        cache_if: Callable[[Sequence[Generation]], bool] | None = is_complete,
        tags: Sequence[str] = (),
        store_prompts: bool = False,
        redact: Callable[[str], str] | None = None,
        flight_timeout_s: float = 120.0,
    ) -> None:
        """Open the store.

        Args:
            place: A Spot, a file's path, or a database's URL.
            ttl: How long answers count, or that by the model's name, with "*" for all others; None for ever.
            namespace: Caches of other namespaces share nothing: one for each tenant, as the API key is in no key.
            mode: `read_only` keeps nothing new, `refresh` asks the model anew and keeps that, and `replay_only` raises
                `ReplayMiss` where an answer is missing, for tests; it writes nothing, so that a file may be committed.
            cache_if: Whether an answer is to be kept; None keeps the truncated, filtered and empty ones as well.
            tags: Written beside every answer, for `delete(tag=…)`.
            store_prompts: Keep what was asked beside each answer; else its digest alone is.
            redact: Gives the text of a prompt that may be kept; where it fails, none is.
            flight_timeout_s: Longest wait for the same call of another thread, task or process; 0 for no wait.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        expect(mode in MODES, "mode", mode, f"one of {', '.join(MODES)}")
        is_number = isinstance(flight_timeout_s, int | float) and not isinstance(flight_timeout_s, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_number and flight_timeout_s >= 0, "flight_timeout_s", flight_timeout_s, "seconds from 0")
        expect(cache_if is None or callable(cache_if), "cache_if", cache_if, "a function of the generations")
        expect(redact is None or callable(redact), "redact", redact, "a function from text to text")
        expect(redact is None or store_prompts, "redact", redact, "store_prompts=True as well")
        self._made_by = (place, {
            "ttl": ttl, "namespace": namespace, "mode": mode, "cache_if": cache_if, "tags": tags,
            "store_prompts": store_prompts, "redact": redact, "flight_timeout_s": flight_timeout_s,
        })  # fmt: skip
        self.spot = opened(place)
        self.namespace = namespace_of(namespace)
        self.mode: Mode = mode
        self._parts = parts = self.spot.parts
        self._store, self._clock = parts.store, parts.clock
        self._cache_if = cache_if
        self._tags = tags_of(namespace, tags)
        self._redact = (redact or str) if store_prompts else None
        self._questions = Questions(parts.journal, parts.store.notices, namespace=namespace, ttl=ttl)
        self._counts = Counts()
        self._answers = KeptAnswers(parts, self._counts)
        self._leads = Leads(parts, limit_s=flight_timeout_s)

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """Return the kept answer, after a wait if somebody else asks the same question now.

        Raises:
            ReplayMiss: there is none, or not even a database, in the mode `replay_only`.
        """
        question = None
        expect_database(self._store, self.mode, ReplayMiss)
        try:
            question = self._questions.question(prompt, llm_string)
            hit = None if self.mode == "refresh" else self._answers.read(question.key)
            if hit is None and self.mode == "read_write":
                hit = self._leads.answer_of_others(question.key, self._answers.read)
            if hit is not None:
                return self._given(question, hit, prompt)
        except Exception as error:  # noqa: BLE001 - the model is asked instead; it is counted and warned of
            self._report("could not look an answer up", error, CacheReadWarning)
        return self._missed(question, prompt, llm_string)

    async def alookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """Return the kept answer as `lookup` does, without blocking the event loop."""
        question = None
        expect_database(self._store, self.mode, ReplayMiss)
        try:
            question = self._questions.question(prompt, llm_string)
            hit = None if self.mode == "refresh" else await self._answers.read_async(question.key)
            if hit is None and self.mode == "read_write":
                hit = await self._leads.answer_of_others_async(question.key, self._answers.read_async)
            if hit is not None:
                return self._given(question, hit, prompt)
        except Exception as error:  # noqa: BLE001 - as in lookup
            self._report("could not look an answer up", error, CacheReadWarning)
        return self._missed(question, prompt, llm_string)

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep an answer in the place of what was, unless `cache_if` says no."""
        if self.mode in ("read_write", "refresh"):
            try:
                question, asked = self._questions.answered(prompt, llm_string)
                self._keep(question, asked, self._leads.end(asked), prompt, list(return_val))
            except Exception as error:  # noqa: BLE001 - the caller has an answer that was paid for
                self._report("could not keep an answer", error, CacheSaveWarning)

    async def aupdate(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep an answer as `update` does, in a thread that goes on when the caller is cancelled."""
        if self.mode in ("read_write", "refresh"):
            try:
                question, asked = self._questions.answered(prompt, llm_string)
                lead = self._leads.end(asked)  # here, as no thread knows what this task asked
                await in_thread(self._parts.executor, self._keep, question, asked, lead, prompt, list(return_val))
            except Exception as error:  # noqa: BLE001 - as in update
                self._report("could not keep an answer", error, CacheSaveWarning)

    def clear(self, **_: Any) -> None:
        """Delete every answer of this namespace; other results of the Spot stay.

        Raises:
            StorageError: the database can't delete.
            ReplayMiss: there is no database, in the mode `replay_only`.
        """
        expect_database(self._store, self.mode, ReplayMiss)
        delete_entries(self._store, TaskFilter(), namespace=self.namespace)

    async def aclear(self, **_: Any) -> None:
        """Delete every answer of this namespace, as `clear` does."""
        await in_thread(self._parts.executor, self.clear)

    def delete(self, *, model: str | None = None, older_than: Duration | None = None, tag: str | None = None) -> int:
        """Delete the answers of this namespace that meet every condition, and return how many there were.

        Args:
            model: Its name, as it was asked for.
            older_than: Seconds, a timedelta or text like "7d".
            tag: One of those that the cache which kept them was given.

        Raises:
            ConfigurationError: no condition at all, or one is wrong.
            StorageError: the database can't delete.
        """
        if model is None and older_than is None and tag is None:
            raise ConfigurationError("delete got no condition; give model=, older_than= or tag=, or call clear()")
        for name, value in (("model", model), ("tag", tag)):
            expect(value is None or isinstance(value, str), name, value, "a name, as it was given")  # pyright: ignore[reportUnnecessaryIsInstance]
        now = datetime.fromtimestamp(self._clock.time(), UTC)
        before = None if older_than is None else now - timedelta(seconds=seconds(older_than))
        where = TaskFilter(updated_before=before, tags=None if tag is None else (tag,))
        return delete_entries(self._store, where, namespace=self.namespace, model=model)

    def import_sqlite_cache(self, path: str | os.PathLike[str]) -> Imported:
        """Bring the answers of LangChain's `SQLiteCache` over, but those that this cache has or can't have.

        Nothing in the file is run or imported, and the file stays as it is.

        Raises:
            ConfigurationError: there is no such file, or it is not one of a `SQLiteCache`; or the mode keeps nothing.
        """
        keeps = self.mode in ("read_write", "refresh")
        expect(keeps, "import_sqlite_cache", self.mode, "a cache with mode='read_write' to keep them")
        counts = dict.fromkeys(Imported._fields, 0)
        for prompt, llm_string, generations in read_entries(path):
            question = self._questions.question(prompt, llm_string)
            if self._answers.read(question.key) is not None:
                counts["already_there"] += 1
            elif generations is not None and self._put(question, prompt, generations, elapsed_s=0.0):
                counts["imported"] += 1
                counts["unidentified"] += tells_type_alone(llm_string)
            else:
                counts["skipped"] += 1
        if counts["unidentified"]:
            warn_of_unidentified(self._store.notices, counts["unidentified"])
        return Imported(**counts)

    def stats(self) -> CacheStats:
        """Return what this cache did in this process; `beautyspot stats` tells of all."""
        return self._counts.stats()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this cache go to another process: there it opens the same store."""
        place, options = self._made_by
        return partial(BeautySpotCache, portable(place), **options), ()

    def _given(self, question: Question, hit: Hit, prompt: str) -> list[Generation]:
        """Count a hit, and mark its generations."""
        answer: Answer = hit.value
        if question.source.classes:
            restore(answer.generations, settings_of_chat())
        mark = {"cache_key": question.key, "saved_tokens": answer.tokens, "elapsed_s": hit.elapsed_s}
        for generation in answer.generations:
            vars(generation)[HIT_MARK] = mark
        self._counts.hit(answer.tokens or 0, hit.elapsed_s)
        if self.mode != "replay_only":
            question.source.tally.hit(hit.elapsed_s, question.key)
            question.source.tally.tokens(saved=answer.tokens or 0)
        if not isinstance(answer.generations[0], ChatGeneration):
            note_text_hit(question.source.func_name, mark, prompt, text=answer.generations[0].text)
        return answer.generations

    def _missed(self, question: Question | None, prompt: str, llm_string: str) -> None:
        self._counts.miss()
        key = "" if question is None else question.key
        if question is not None:
            self._questions.missed(prompt, llm_string, question)
        if self.mode == "refresh":
            self._leads.begin(key)
        if self.mode == "replay_only":
            asked = f"answer to {readable_prompt(prompt)[-200:]!r}"
            raise ReplayMiss(no_result(self._store, asked, "ask it once with mode='read_write'", [key]))

    def _keep(
        self, question: Question, asked: str, lead: Lead | None, prompt: str, generations: list[Generation]
    ) -> None:
        """Count a call, keep its answer if the question still is what was `asked`, and let those who wait go on."""
        kept, elapsed_s = False, 0.0 if lead is None else self._clock.monotonic() - lead.start_s
        try:
            tokens = tokens_of(generations) or 0
            self._counts.spent(tokens)
            question.source.tally.miss(0.0, failed=False)
            question.source.tally.tokens(spent=tokens)
            kept = asked == question.key and self._put(question, prompt, generations, elapsed_s=elapsed_s)
        finally:
            if lead is not None:
                lead.land(kept=kept)
        if kept:
            for generation in generations:
                vars(generation)[KEY_MARK] = question.key
        self._parts.journal.tick(elapsed_s)

    def _put(self, question: Question, prompt: str, generations: list[Generation], *, elapsed_s: float) -> bool:
        source = question.source
        label = Label(
            cache_key=question.key, func_name=source.func_name, input_id=question.key[:16], version=VERSION,
            elapsed_s=elapsed_s, ttl_s=source.ttl_s, tags=self._tags,
        )  # fmt: skip
        answer = Answer(generations, tokens_of(generations), self._shown(prompt))
        return self._answers.keep(label, answer, keep_if=self._is_wanted)

    def _is_wanted(self, answer: Answer) -> bool:
        return bool(answer.generations) and (self._cache_if is None or self._cache_if(answer.generations))

    def _shown(self, prompt: str) -> str | None:
        """Return what is kept of a prompt beside its digest."""
        if self._redact is None:
            return None
        try:
            return self._redact(readable_prompt(prompt))
        except Exception as error:  # noqa: BLE001 - it is the user's; a prompt that it can't take is not kept
            step = "have redact= take any text"
            self._report("kept an answer without its prompt, as redact failed", error, CacheSaveWarning, step)
            return None

    def _report(self, what: str, error: Exception, category: type[CacheWarning], next_step: str = OF_THE_STORE) -> None:
        if not warn_of_untold(self._store.notices, error):
            self._counts.error()
            report(self._store.notices, "LangChain", what, error, category, next_step=next_step)
