"""`cache_postprocessor`: a copy of a reranker, of its own class, that ranks the same nodes for the same query once."""

# The methods stand before those of a class that is not known here.
# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from beautyspot.checks import expect
from beautyspot.durations import Duration
from beautyspot.places import Place
from beautyspot.threads import on_event_loop
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import active_instrument_tags, instrument_tags

from llama_index.callbacks.beautyspot.carried import Carried
from llama_index.callbacks.beautyspot.copies import Stand, copy_as, own_class, plain
from llama_index.callbacks.beautyspot.embeddings.embedder import identity_of_embedder
from llama_index.callbacks.beautyspot.identity import UNKNOWN, model_name
from llama_index.callbacks.beautyspot.options import Options, options_from
from llama_index.callbacks.beautyspot.policy import Mode
from llama_index.callbacks.beautyspot.rankings import RankingCall, Rankings
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

Model = TypeVar("Model", bound=BaseNodePostprocessor)
dispatcher = get_dispatcher(__name__)


class CachedRankings(Stand):
    """The methods of a postprocessor."""

    _beautyspot: Rankings

    @dispatcher.span
    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        call, rows = self._beautyspot.call(self, nodes, query_bundle), self._beautyspot.rows
        if call is None:
            return super()._postprocess_nodes(nodes, query_bundle)
        turns, ranking = call.turns(), call.answer(rows.read(call.keys))
        while ranking is None:
            with turns.take(call.keys) as turn:
                ranking = call.answer(rows.read(turn.led))
                if ranking is None and not turn.others:
                    with call.running():
                        made = super()._postprocess_nodes(nodes, query_bundle)
                    rows.keep(call.rows_of(made))
                    return made
            if turn.others:
                (turns.skip if on_event_loop() else turns.wait)(turn)
                ranking = call.answer(rows.read(turn.others))
        return _told(call, ranking)

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        call, rows = self._beautyspot.call(self, nodes, query_bundle), self._beautyspot.rows
        if call is None:
            return await super()._apostprocess_nodes(nodes, query_bundle)
        turns, ranking = call.turns(), call.answer(await rows.read_async(call.keys))
        while ranking is None:
            with turns.take(call.keys) as turn:
                ranking = call.answer(await rows.read_async(turn.led))
                if ranking is None and not turn.others:
                    with call.running():
                        made = await super()._apostprocess_nodes(nodes, query_bundle)
                    await rows.keep_async(call.rows_of(made))
                    return made
            if turn.others:
                await turns.wait_async(turn)
                ranking = call.answer(await rows.read_async(turn.others))
        return _told(call, ranking)

    def __reduce__(self) -> Any:
        """Let another process make the same copy, with the rankings in the same place."""
        cache = self._beautyspot
        return _cached, (plain(cast("Any", self)), Carried(cache.place), cache.options)


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
    options = options_from(model_id=model_id, namespace=namespace, ttl=ttl, tags=tags, mode=mode)
    return _cached(postprocessor, spot, options)


def _cached(postprocessor: Any, place: Any, options: Options) -> Any:
    cache = Rankings(place, options)
    identity_of_embedder(postprocessor, cache.canonical, options.model_id)
    return copy_as(postprocessor, CachedRankings, cache)


def _told(call: RankingCall, ranking: list[NodeWithScore]) -> list[NodeWithScore]:
    """Return `ranking`, and tell observers what they are told of a reranker."""
    name = own_class(call.model).__name__ if (name := model_name(call.model)) == UNKNOWN else name
    with instrument_tags({**active_instrument_tags.get(), "cache_hit": True}):
        top_n = getattr(call.model, "top_n", None) or len(ranking)
        dispatcher.event(ReRankStartEvent(query=call.query, nodes=call.nodes, top_n=top_n, model_name=name))
        dispatcher.event(ReRankEndEvent(nodes=ranking))
    return ranking
