"""`cache_postprocessor`: a copy of a reranker, of its own class, that ranks the same nodes for the same query once."""

# The methods stand before those of a class that is not known here.
# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar, cast

from beautyspot.checks import expect, words
from beautyspot.copies import Uncopied
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheSaveWarning, ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from beautyspot.places import Place, opened, portable
from beautyspot.rows import Rows
from beautyspot.store import Hit, Label
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import active_instrument_tags, instrument_tags

from llama_index.callbacks.beautyspot.copies import Stand, copy_as, own_class, plain
from llama_index.callbacks.beautyspot.embeddings.cache import Options
from llama_index.callbacks.beautyspot.embeddings.embedder import (
    func_name_of,
    identity_of_embedder,
    registry_with_embedders,
)
from llama_index.callbacks.beautyspot.embeddings.numbers import packed
from llama_index.callbacks.beautyspot.errors import ReplayMiss
from llama_index.callbacks.beautyspot.identity import UNKNOWN, model_name
from llama_index.callbacks.beautyspot.ingestion.keys import content
from llama_index.callbacks.beautyspot.policy import Mode, mode_from, mode_now
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

FORMAT = "1"
Model = TypeVar("Model", bound=BaseNodePostprocessor)
dispatcher = get_dispatcher(__name__)
_asking: ContextVar[Any] = ContextVar("beautyspot_llama_index_ranking", default=None)


class Question(NamedTuple):
    """Which nodes are to be ranked for what."""

    key: str
    contents: list[bytes]
    """Digests of the nodes, to see later whether they are still the same."""


class Rankings(Uncopied):
    """The rankings of one Spot, for the copies of one postprocessor; they share it."""

    def __init__(self, place: Place, options: Options) -> None:
        """Keep them at `place`."""
        self.place = place
        self.spot = opened(place)
        self.options = options
        self.rows = Rows(self.spot.parts)
        self.canonical = Canonical(registry_with_embedders(self.spot.parts.registry))

    def question(self, model: Any, nodes: Sequence[NodeWithScore], query: QueryBundle | None) -> Question | None:
        """Return what is asked, or None where it has no content that a key could be made of."""
        options = self.options
        try:
            identity = identity_of_embedder(model, self.canonical, options.model_id)
            contents = [digest(pack(content(each.node, self.canonical))) for each in nodes]
        except (UnkeyableArgument, ConfigurationError):
            self._warn(model, "has a setting, or got metadata, that no key can be made of")
            return None
        asked = None
        if query is not None:
            vector = None if query.embedding is None else packed(query.embedding)
            asked = [query.query_str, query.image_path, query.custom_embedding_strs, vector]
        ranked = [[each, node.score] for each, node in zip(contents, nodes, strict=True)]
        form = self.canonical.form([FORMAT, identity, options.namespace, asked, ranked])
        return Question(digest(pack(form)).hex(), contents)

    def mode(self, model: Any) -> Mode:
        """Return what to do now; a call of the postprocessor to itself is part of the one that is running."""
        return "off" if _asking.get() is model else mode_now(self.options.mode)

    def answer(
        self, model: Any, question: Question, hit: Hit | None, nodes: Sequence[NodeWithScore], mode: Mode
    ) -> list[NodeWithScore] | None:
        """Return the caller's nodes as they were ranked; None if that isn't kept.

        Raises:
            ReplayMiss: it isn't kept, and must be.
        """
        name = func_name_of(model, self.options.model_id)
        ranking = None if hit is None else _ranked(hit.value, nodes)
        self.rows.count(name, [] if hit is None or ranking is None else [(question.key, hit)], int(ranking is None))
        if ranking is None and mode == "replay_only":
            raise ReplayMiss(
                f"{name} has no ranking kept for this query; expected one with 'replay_only'; record it first with "
                "'read_write'"
            )
        return ranking

    def rows_of(
        self,
        model: Any,
        question: Question,
        nodes: Sequence[NodeWithScore],
        made: Sequence[NodeWithScore],
        took_s: float,
    ) -> list[tuple[Label, Any]]:
        """Return what to keep of what came out: which of the nodes, with which score."""
        places = {each.node.node_id: place for place, each in enumerate(nodes)}
        ranking: list[list[Any]] = [[places.get(each.node.node_id), each.score] for each in made]
        changed = [
            place is None or digest(pack(content(each.node, self.canonical))) != question.contents[place]
            for (place, _), each in zip(ranking, made, strict=True)
        ]
        if any(changed) or len(places) < len(nodes):
            self._warn(model, "gave nodes that it did not get, or changed them")
            return []
        options = self.options
        label = Label(
            question.key, func_name_of(model, options.model_id), question.key[:16], FORMAT, took_s, ttl_s=options.ttl_s,
            tags=options.tags,
        )  # fmt: skip
        return [(label, ranking)]

    def _warn(self, model: Any, trouble: str) -> None:
        name = func_name_of(model, self.options.model_id)
        self.spot.parts.store.notices.warn(
            (name, trouble),
            f"{name} {trouble}; its result was returned and not kept; cache only what selects, orders and scores",
            CacheSaveWarning,
        )


class CachedRankings(Stand):
    """The methods of a postprocessor."""

    _beautyspot: Rankings

    @dispatcher.span
    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        cache, given = self._beautyspot, list(nodes)
        mode = cache.mode(self)
        question = cache.question(self, given, query_bundle) if mode != "off" else None
        if question is None:
            return super()._postprocess_nodes(nodes, query_bundle)
        hit = cache.rows.read([question.key])[0] if mode != "refresh" else None
        ranking = cache.answer(self, question, hit, given, mode)
        if ranking is not None:
            return _told(self, ranking, given, query_bundle)
        clock = cache.spot.parts.clock
        token, start_s = _asking.set(self), clock.monotonic()
        try:
            made = super()._postprocess_nodes(nodes, query_bundle)
        finally:
            _asking.reset(token)
        if mode != "read_only":
            cache.rows.keep(cache.rows_of(self, question, given, made, clock.monotonic() - start_s))
        return made

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        cache, given = self._beautyspot, list(nodes)
        mode = cache.mode(self)
        question = cache.question(self, given, query_bundle) if mode != "off" else None
        if question is None:
            return await super()._apostprocess_nodes(nodes, query_bundle)
        hit = (await cache.rows.read_async([question.key]))[0] if mode != "refresh" else None
        ranking = cache.answer(self, question, hit, given, mode)
        if ranking is not None:
            return _told(self, ranking, given, query_bundle)
        clock = cache.spot.parts.clock
        token, start_s = _asking.set(self), clock.monotonic()
        try:
            made = await super()._apostprocess_nodes(nodes, query_bundle)
        finally:
            _asking.reset(token)
        if mode != "read_only":
            await cache.rows.keep_async(cache.rows_of(self, question, given, made, clock.monotonic() - start_s))
        return made

    def __reduce__(self) -> Any:
        """Let another process make the same copy, with the rankings in the same place."""
        cache = self._beautyspot
        return _cached, (plain(cast("Any", self)), portable(cache.place), cache.options)


def cache_postprocessor(
    postprocessor: Model,
    spot: Place,
    *,
    model_id: str | None = None,
    namespace: str = "",
    ttl: Duration | None = None,
    tags: Sequence[str] = (),
    mode: Mode = "read_write",
) -> Model:
    """Return a copy of `postprocessor`, of the same class, that ranks the same nodes for the same query once.

    For whatever selects, orders and scores the nodes that it gets, such as a reranker. What is kept are their places
    and scores; the nodes that come back are the caller's own. A result with other nodes is returned and not kept.

    Args:
        postprocessor: A reranker.
        spot: A Spot, a file's path, or a database's URL.
        model_id: What tells it from others that are kept there; None for its class and settings.
        namespace: Part of every key.
        ttl: How long a ranking is a hit; None for ever.
        tags: On every row, for `spot.invalidate(tags=…)`.
        mode: As `cache_policy` takes it, which goes before this.

    Raises:
        ConfigurationError: nothing tells it from others, or an argument is wrong.
    """
    fits = isinstance(postprocessor, BaseNodePostprocessor)  # pyright: ignore[reportUnnecessaryIsInstance]
    expect(fits, "postprocessor", postprocessor, "a node postprocessor, then the place")
    ttl_s = None if ttl is None else seconds(ttl)
    return _cached(postprocessor, spot, Options(model_id, namespace, ttl_s, words("tags", tags), mode_from(mode)))


def _cached(postprocessor: Any, place: Any, options: Options) -> Any:
    cache = Rankings(place, options)
    identity_of_embedder(postprocessor, cache.canonical, options.model_id)
    return copy_as(postprocessor, CachedRankings, cache)


def _ranked(value: Any, nodes: Sequence[NodeWithScore]) -> list[NodeWithScore] | None:
    try:
        return [NodeWithScore(node=nodes[place].node, score=score) for place, score in value]
    except (IndexError, TypeError, ValueError):  # of another release, or damaged: it is ranked anew
        return None


def _told(
    model: Any, ranking: list[NodeWithScore], nodes: list[NodeWithScore], query: QueryBundle | None
) -> list[NodeWithScore]:
    """Return `ranking`, and tell observers what they are told of a reranker."""
    name = own_class(model).__name__ if (name := model_name(model)) == UNKNOWN else name
    with instrument_tags({**active_instrument_tags.get(), "cache_hit": True}):
        top_n = getattr(model, "top_n", None) or len(ranking)
        dispatcher.event(ReRankStartEvent(query=query, nodes=nodes, top_n=top_n, model_name=name))
        dispatcher.event(ReRankEndEvent(nodes=ranking))
    return ranking
