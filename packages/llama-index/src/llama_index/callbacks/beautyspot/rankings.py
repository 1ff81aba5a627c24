"""The rankings of a postprocessor, and one call of it on its way to one."""

# What a row holds is of any type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from beautyspot.copies import Uncopied
from beautyspot.errors import CacheSaveWarning, ConfigurationError, UnkeyableArgument
from beautyspot.flight import Turns
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened
from beautyspot.replays import no_result
from beautyspot.store import Hit, Label

from llama_index.callbacks.beautyspot.asking import Settings, is_running, running
from llama_index.callbacks.beautyspot.embeddings.embedder import (
    func_name_of,
    identity_of_embedder,
    registry_with_embedders,
    watch_of,
)
from llama_index.callbacks.beautyspot.embeddings.numbers import packed
from llama_index.callbacks.beautyspot.errors import ReplayMiss
from llama_index.callbacks.beautyspot.ingestion.keys import content
from llama_index.callbacks.beautyspot.options import Options
from llama_index.callbacks.beautyspot.policy import Mode, mode_of_call
from llama_index.core.schema import NodeWithScore, QueryBundle

FORMAT = "1"


class Question(NamedTuple):
    """Which nodes are to be ranked for what."""

    key: str
    contents: list[bytes]
    """Digests of the nodes, to see later whether they are still the same."""
    settings: Settings
    """Of the postprocessor, as they are in the key."""


class Rankings(Uncopied):
    """The rankings of one Spot, for the copies of one postprocessor; they share it."""

    def __init__(self, place: Place, options: Options) -> None:
        """Keep them at `place`."""
        self.place = place
        self.spot = opened(place)
        self.options = options
        self.rows = LenientRows(self.spot.parts, "LlamaIndex")
        self.canonical = Canonical(registry_with_embedders(self.spot.parts.registry))

    def call(self, model: Any, nodes: Sequence[NodeWithScore], query: QueryBundle | None) -> "RankingCall | None":
        """Return the call of `model` that begins; None for one that goes past the cache.

        So does a call of the postprocessor to itself, which is part of the one that is running.
        """
        mode = "off" if is_running(model) else mode_of_call(self.options.mode, self.spot.parts.store)
        nodes = list(nodes)
        question = None if mode == "off" else self._question(model, nodes, query)
        return None if question is None else RankingCall(self, model, nodes, query, mode, question)

    def _question(self, model: Any, nodes: list[NodeWithScore], query: QueryBundle | None) -> Question | None:
        """Return what is asked, or None where it has no content that a key could be made of."""
        options = self.options
        try:
            identity = identity_of_embedder(model, self.canonical, options.model_id)
            contents = [self.digest(each) for each in nodes]
        except (UnkeyableArgument, ConfigurationError):
            self.warn(model, "has a setting, or got metadata, that no key can be made of")
            return None
        asked = None
        if query is not None:
            vector = None if query.embedding is None else packed(query.embedding)
            asked = [query.query_str, query.image_path, query.custom_embedding_strs, vector]
        ranked = [[each, node.score] for each, node in zip(contents, nodes, strict=True)]
        form = self.canonical.form([FORMAT, identity.content, options.namespace, asked, ranked])
        return Question(digest(pack(form)).hex(), contents, identity.settings)

    def digest(self, ranked: NodeWithScore) -> bytes:
        """Return what a node is known by, whatever its score."""
        return digest(pack(content(ranked.node, self.canonical)))

    def warn(self, model: Any, trouble: str) -> None:
        """Say that what `model` makes is not kept."""
        name = func_name_of(model, self.options.model_id)
        self.spot.parts.store.notices.tell(
            (name, trouble),
            f"{name} {trouble}; its result was returned and not kept; cache only what selects, orders and scores",
            CacheSaveWarning,
        )


class RankingCall:
    """One call of a postprocessor. It knows no colour: who holds it reads, runs the postprocessor, and keeps."""

    def __init__(
        self,
        cache: Rankings,
        model: Any,
        nodes: list[NodeWithScore],
        query: QueryBundle | None,
        mode: Mode,
        question: Question,
    ) -> None:
        """Begin with nothing known."""
        self.model, self.nodes, self.query = model, nodes, query
        self._cache, self._mode, self._question = cache, mode, question
        self._func_name = func_name_of(model, cache.options.model_id)
        self._took_s = 0.0
        self._is_settled = True

    @property
    def keys(self) -> list[str]:
        """What to read before; nothing where all is to be ranked anew."""
        return [] if self._mode == "refresh" else [self._question.key]

    def answer(self, hits: Sequence[Hit | None]) -> list[NodeWithScore] | None:
        """Return the caller's nodes as they were ranked; None if what was read of `keys` doesn't say.

        Raises:
            ReplayMiss: it must.
        """
        found = [(self._question.key, hit) for hit in hits if hit is not None]
        ranking = _ranked(found[0][1].value, self.nodes) if found else None
        if self._mode != "replay_only":
            self._cache.rows.count(self._func_name, [] if ranking is None else found, 0)
        elif ranking is None:
            store, what = self._cache.spot.parts.store, f"ranking of {self._func_name} for this query"
            raise ReplayMiss(no_result(store, what, "record it first with 'read_write'", [self._question.key]))
        return ranking

    def turns(self) -> Turns:
        """Return whose turn it is to rank: those who would not take what others keep rank for themselves."""
        return self._cache.spot.parts.flight.turns() if self._mode == "read_write" else Turns(None)

    @contextmanager
    def running(self) -> Generator[None]:
        """Have the postprocessor's calls of itself go past the cache, and take the time of the block."""
        parts = self._cache.spot.parts
        self._cache.rows.count(self._func_name, [], 1)
        start_s = parts.clock.monotonic()
        with running(self.model), watch_of(self.model, self._cache.canonical, self._question.settings) as watch:
            yield
            self._is_settled = watch.settled(parts.store.notices, self._func_name)
        self._took_s = parts.clock.monotonic() - start_s

    def rows_of(self, made: Sequence[NodeWithScore]) -> list[tuple[Label, Any]]:
        """Return what to keep of what came out: which of the nodes, with which score."""
        if self._mode == "read_only" or not self._is_settled:
            return []
        try:
            ranking = self._ranking_of(made)
        except Exception:  # noqa: BLE001 - what came out is paid for, whatever its nodes hold by now
            ranking = None
        if ranking is None:
            self._cache.warn(self.model, "gave nodes that it did not get, or changed them")
            return []
        key, options = self._question.key, self._cache.options
        label = Label(key, self._func_name, key[:16], FORMAT, self._took_s, ttl_s=options.ttl_s, tags=options.tags)
        return [(label, ranking)]

    def _ranking_of(self, made: Sequence[NodeWithScore]) -> list[list[Any]] | None:
        """Return the place and the score of each node that came out; None if one did not go in as it is."""
        places: dict[tuple[str, bytes], list[int]] = {}
        for place, (given, known) in enumerate(zip(self.nodes, self._question.contents, strict=True)):
            places.setdefault((given.node.node_id, known), []).append(place)
        ranking: list[list[Any]] = []
        for each in made:
            found = places.get((each.node.node_id, self._cache.digest(each)))
            if found is None:
                return None
            # Several retrievers may give one node: each comes out in a place of its own.
            ranking.append([found.pop(0) if len(found) > 1 else found[0], each.score])
        return ranking


def _ranked(value: Any, nodes: Sequence[NodeWithScore]) -> list[NodeWithScore] | None:
    try:
        return [NodeWithScore(node=nodes[place].node, score=score) for place, score in value]
    except (IndexError, TypeError, ValueError):  # of another release, or damaged: it is ranked anew
        return None
