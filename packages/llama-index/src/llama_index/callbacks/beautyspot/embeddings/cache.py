"""The way of one call of an embedding model: read what is kept, ask for the rest, keep that."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any, Literal

from beautyspot.copies import Uncopied
from beautyspot.errors import CacheSaveWarning, ConfigurationError
from beautyspot.flight import Turn, Turns
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import hasher
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened
from beautyspot.replays import no_result
from beautyspot.store import Hit, Label
from beautyspot.threads import on_event_loop

from llama_index.callbacks.beautyspot.asking import Watch, is_running, running
from llama_index.callbacks.beautyspot.embeddings.batch import FORMAT, Batch, Shelf, is_key
from llama_index.callbacks.beautyspot.embeddings.embedder import (
    func_name_of,
    identity_of_embedder,
    registry_with_embedders,
    watch_of,
)
from llama_index.callbacks.beautyspot.embeddings.events import mark
from llama_index.callbacks.beautyspot.embeddings.numbers import Vector, VectorSerializer
from llama_index.callbacks.beautyspot.errors import ReplayMiss
from llama_index.callbacks.beautyspot.limiter import BeautySpotRateLimiter
from llama_index.callbacks.beautyspot.meter import estimate_texts
from llama_index.callbacks.beautyspot.options import Options
from llama_index.callbacks.beautyspot.policy import Mode, cache_policy, mode_now, mode_of_call
from llama_index.core.rate_limiter import BaseRateLimiter

Kind = Literal["text", "query", "image"]
Embed = Callable[[list[Any]], Sequence[Vector]]
EmbedAsync = Callable[[list[Any]], Awaitable[Sequence[Vector]]]


class VectorCache(Uncopied):
    """The vectors of one Spot, for the copies of one model; they share it."""

    def __init__(self, place: Place, options: Options) -> None:
        """Keep them at `place`."""
        self.place = place
        self.spot = spot = opened(place)
        self.options = options
        self.rows = LenientRows(spot.parts, "LlamaIndex", VectorSerializer(spot.parts.serializer))
        self._clock = spot.parts.clock
        self.canonical = Canonical(registry_with_embedders(spot.parts.registry))

    def batch(self, model: Any, inputs: Sequence[Any], kind: Kind) -> Batch | None:
        """Return the batch of these inputs; None where a setting was changed to what no key can be made of."""
        options, notices = self.options, self.spot.parts.store.notices
        name = func_name_of(model, options.model_id)
        try:
            identity = identity_of_embedder(model, self.canonical, options.model_id)
        except ConfigurationError as error:
            notices.tell((name, "settings"), f"{error}; until then its vectors are not kept", CacheSaveWarning)
            return None
        beginning = hasher(pack([FORMAT, identity.content, options.namespace, kind]))

        def key(each: Any) -> str | None:
            content = content_of(each, kind)
            if content is None:
                return None
            state = beginning.copy()
            state.update(content)
            return state.hexdigest()

        return Batch(Shelf(name, options.ttl_s, options.tags, notices, identity.settings), inputs, [*map(key, inputs)])

    def vectors(self, model: Any, inputs: list[Any], kind: Kind, embed: Embed) -> Sequence[Vector]:
        """Return a vector for each input, asking `embed` for those that are not kept."""
        if is_running(model):
            return embed(inputs)
        mode = mode_of_call(self.options.mode, self.spot.parts.store)
        batch = None if mode == "off" else self.batch(model, inputs, kind)
        if batch is None:
            return self._ask(model, inputs, embed)[0]
        self.fill(batch, self.rows.read(batch.keys) if mode != "refresh" else [])
        turns = self._turns(mode)
        while missing := self._missing(batch, mode):
            with turns.take(filter(is_key, missing)) as turn:
                if wanted := self._wanted(batch, turn, self.rows.read(turn.led)):
                    with self._watch(model, batch) as watch:
                        vectors, elapsed_s = self._ask(model, wanted, embed)
                        kept = self._taken(batch, watch, vectors, elapsed_s)
                    if kept is None:
                        return vectors if len(wanted) == len(inputs) else self._ask(model, inputs, embed)[0]
                    self.rows.keep(kept if mode != "read_only" else [])
            if turn.others:
                (turns.skip if on_event_loop() else turns.wait)(turn)
                self._refill(batch, turn.others, self.rows.read(turn.others))
        return batch.vectors()

    async def vectors_async(self, model: Any, inputs: list[Any], kind: Kind, embed: EmbedAsync) -> Sequence[Vector]:
        """Do as `vectors`."""
        if is_running(model):
            return await embed(inputs)
        mode = mode_of_call(self.options.mode, self.spot.parts.store)
        batch = None if mode == "off" else self.batch(model, inputs, kind)
        if batch is None:
            return (await self._ask_async(model, inputs, embed))[0]
        self.fill(batch, await self.rows.read_async(batch.keys) if mode != "refresh" else [])
        turns = self._turns(mode)
        while missing := self._missing(batch, mode):
            with turns.take(filter(is_key, missing)) as turn:
                if wanted := self._wanted(batch, turn, await self.rows.read_async(turn.led)):
                    with self._watch(model, batch) as watch:
                        vectors, elapsed_s = await self._ask_async(model, wanted, embed)
                        kept = self._taken(batch, watch, vectors, elapsed_s)
                    if kept is None:
                        return (
                            vectors if len(wanted) == len(inputs) else (await self._ask_async(model, inputs, embed))[0]
                        )
                    await self.rows.keep_async(kept if mode != "read_only" else [])
            if turn.others:
                await turns.wait_async(turn)
                self._refill(batch, turn.others, await self.rows.read_async(turn.others))
        return batch.vectors()

    def hits_of(self, model: Any, texts: Sequence[str]) -> Batch | None:
        """Return the whole of what was asked, to be read before it is cut into the model's batches; None: don't."""
        reads = mode_of_call(self.options.mode, self.spot.parts.store) in ("read_write", "read_only", "replay_only")
        return self.batch(model, texts, "text") if reads and texts and not is_running(model) else None

    def fill(self, batch: Batch, hits: Sequence[Hit | None]) -> None:
        """Give `batch` what is kept, count it, and tag the events of the call."""
        self._count(batch, batch.fill(hits) if hits else [])
        mark(cache_hit=not batch.missing)

    def fill_early(self, batch: Batch, hits: Sequence[Hit | None]) -> bool:
        """Give `batch` what is kept, and say whether that is anything; the rest counts when the model's turn comes."""
        found = batch.fill(hits)
        self._count(batch, found)
        return bool(found)

    def _count(self, batch: Batch, found: list[tuple[str, Hit]]) -> None:
        """Count what was found; a replay leaves the store as it was."""
        if mode_now(self.options.mode) != "replay_only":
            self.rows.count(batch.func_name, found, 0)

    def renewal(self) -> AbstractContextManager[None]:
        """Have kept vectors computed again that turned out to be another model's."""
        return cache_policy("off" if mode_now(self.options.mode) == "read_only" else "refresh")

    def _turns(self, mode: Mode) -> Turns:
        """Return whose turn it is to ask: those who would not take what others keep ask for themselves."""
        return self.spot.parts.flight.turns() if mode == "read_write" else Turns(None)

    def _missing(self, batch: Batch, mode: Mode) -> list[Any]:
        missing = batch.missing
        if missing and mode == "replay_only":
            what = f"vector of {batch.func_name} for {len(missing)} of its inputs"
            step, keys = "record them first with 'read_write'", [*filter(is_key, missing)]
            raise ReplayMiss(no_result(self.spot.parts.store, what, step, keys))
        return missing

    def _wanted(self, batch: Batch, turn: Turn, hits: Sequence[Hit | None]) -> list[Any]:
        """Return the inputs to ask for in this turn, of which others kept `hits` since somebody looked."""
        self._refill(batch, turn.led, hits)
        batch.leave(turn.others)
        wanted = batch.wanted()
        self.rows.count(batch.func_name, [], len(wanted))
        return wanted

    def _refill(self, batch: Batch, keys: Sequence[str], hits: Sequence[Hit | None]) -> None:
        self.rows.count(batch.func_name, batch.refill(keys, hits), 0)
        mark(cache_hit=not batch.missing and not batch.was_asked)

    def _watch(self, model: Any, batch: Batch) -> Watch:
        return watch_of(model, self.canonical, batch.settings)

    def _taken(
        self, batch: Batch, watch: Watch, vectors: Sequence[Vector], elapsed_s: float
    ) -> list[tuple[Label, Any]] | None:
        """Give `batch` what the model gave, and return what to keep of it: nothing of other settings."""
        is_settled = watch.settled(self.spot.parts.store.notices, batch.func_name)
        kept = batch.take(vectors, elapsed_s)
        return kept if is_settled or kept is None else []

    def _ask(self, model: Any, inputs: list[Any], embed: Embed) -> tuple[Sequence[Vector], float]:
        """Return what the model gives, once its limiter lets it, and how many seconds that took."""
        limiter = limiter_of(model)
        if limiter is not None:
            limiter.acquire(_tokens_for(limiter, inputs))
        start_s = self._clock.monotonic()
        with running(model):
            return embed(inputs), self._clock.monotonic() - start_s

    async def _ask_async(self, model: Any, inputs: list[Any], embed: EmbedAsync) -> tuple[Sequence[Vector], float]:
        limiter = limiter_of(model)
        if limiter is not None:
            await limiter.async_acquire(_tokens_for(limiter, inputs))
        start_s = self._clock.monotonic()
        with running(model):
            return await embed(inputs), self._clock.monotonic() - start_s


class OnMisses(BaseRateLimiter):
    """What LlamaIndex finds as the limiter of a copy: it asks before it knows whether anything will be sent."""

    def __init__(self, limiter: Any) -> None:
        """Stand before `limiter`, which is asked on a miss."""
        self.limiter = limiter

    def acquire(self, num_tokens: int = 0) -> None:
        """Take nothing yet."""

    async def async_acquire(self, num_tokens: int = 0) -> None:
        """Take nothing yet."""


def limiter_of(model: Any) -> Any:
    """Return what paces `model`, None without a limit."""
    limiter = model.__dict__.get("rate_limiter")
    return limiter.limiter if isinstance(limiter, OnMisses) else limiter


def _tokens_for(limiter: Any, inputs: list[Any]) -> int:
    """Return about how many tokens the inputs have; 0 for a limiter of others, which might wait for them for ever."""
    return estimate_texts(inputs) if isinstance(limiter, BeautySpotRateLimiter) else 0


def content_of(each: Any, kind: Kind) -> bytes | None:
    """Return what the key of an input is made of; None for what has no content that can be seen."""
    if kind != "image":
        return each.encode("utf-8", "surrogatepass") if isinstance(each, str) else None
    if isinstance(each, BytesIO):
        return each.getvalue()
    try:
        with open(each, "rb") as file:
            return file.read()
    except (OSError, TypeError, ValueError):  # the model says what is wrong with it
        return None
