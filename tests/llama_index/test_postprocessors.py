"""Rerankers that rank the same nodes for the same query once."""

import asyncio
import copy
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, ConfigurationError, Spot
from beautyspot.keys.canonical import Canonical
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import ReplayMiss, cache_policy, cache_postprocessor
from llama_index.callbacks.beautyspot.embeddings.embedder import registry_with_embedders
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

ASKED: list[str] = []


class Longest(BaseNodePostprocessor):
    """Ranks nodes by their length, and notes its queries."""

    model: str = "long"
    top_n: int = 2

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        ASKED.append(query_bundle.query_str if query_bundle else "")
        for node in nodes:
            node.score = float(len(node.text))
        return sorted(nodes, key=lambda node: node.score or 0, reverse=True)[: self.top_n]


class Changing(Longest):
    """Writes into the nodes."""

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        for node in nodes:
            node.node.metadata["seen"] = True
        return super()._postprocess_nodes(nodes, query_bundle)


@pytest.fixture(autouse=True)
def asked() -> list[str]:
    ASKED.clear()
    return ASKED


def nodes(*texts: str) -> list[NodeWithScore]:
    return [
        NodeWithScore(node=TextNode(id_=f"{text} {place}", text=text), score=0.5) for place, text in enumerate(texts)
    ]


def told(ranked: list[NodeWithScore]) -> list[tuple[str, float | None]]:
    return [(each.text, each.score) for each in ranked]


class Reversed(Longest):
    """Ranks the other way round, if its private attribute says so."""

    _reverse: bool = PrivateAttr(default=False)

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        ranked = super()._postprocess_nodes(nodes, query_bundle)
        return ranked[::-1] if self._reverse else ranked


def test_what_a_reranker_of_the_users_hides_tells_it_from_others(store: Spot) -> None:
    straight, reverse = Reversed(), Reversed()
    reverse._reverse = True
    orders = [
        [text for text, _ in told(cache_postprocessor(each, store).postprocess_nodes(nodes("a", "bb"), query_str="q"))]
        for each in (straight, reverse, straight)
    ]
    assert orders == [["bb", "a"], ["a", "bb"], ["bb", "a"]]
    assert len(ASKED) == 2


async def test_the_same_nodes_and_query_are_ranked_once_in_either_colour(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    assert isinstance(ranker, Longest)
    first = told(ranker.postprocess_nodes(nodes("a", "ccc", "bb"), query_str="q"))
    assert first == [("ccc", 3.0), ("bb", 2.0)]
    assert told(ranker.postprocess_nodes(nodes("a", "ccc", "bb"), query_str="q")) == first
    assert told(await ranker.apostprocess_nodes(nodes("a", "ccc", "bb"), query_str="q")) == first
    assert told(await ranker.apostprocess_nodes(nodes("a", "ccc", "bb"), query_str="new")) == first
    assert asked == ["q", "new"]


def test_what_comes_back_are_the_callers_own_nodes(spot: Spot) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    ranker.postprocess_nodes(nodes("a", "bb"), query_str="q")
    given = nodes("a", "bb")
    given[1].node.id_ = "mine"
    ranked = ranker.postprocess_nodes(given, query_str="q")
    assert ranked[0].node is given[1].node
    assert given[0].score == 0.5


@pytest.mark.parametrize("texts", [("a", "bb", "a", "bb"), ("a", "bb", "ccc", "bb")], ids=["twice", "clashing"])
def test_nodes_of_one_id_are_kept_by_their_places(spot: Spot, asked: list[str], texts: tuple[str, ...]) -> None:
    ranker = cache_postprocessor(Longest(top_n=4), spot)
    for _ in range(2):
        given = nodes(*texts)
        given[2].node.id_, given[3].node.id_ = given[0].node.id_, given[1].node.id_
        ranked = ranker.postprocess_nodes(given, query_str="q")
        assert told(ranked) == [(text, len(text)) for text in sorted(texts, key=len, reverse=True)]
        assert {id(each.node) for each in ranked} == {id(each.node) for each in given}
    assert asked == ["q"]


@pytest.mark.parametrize(
    "other",
    [
        {"texts": ("bb", "a")}, {"texts": ("a",)}, {"query": "r"}, {"top_n": 1}, {"model": "other"},
        {"score": 0.1}, {"metadata": {"page": 1}}, {"namespace": "tenant"},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_counts_makes_another_key(spot: Spot, asked: list[str], other: dict[str, Any]) -> None:
    cache_postprocessor(Longest(), spot).postprocess_nodes(nodes("a", "bb"), query_str="q")
    settings = {name: other[name] for name in ("top_n", "model") if name in other}
    ranker = cache_postprocessor(Longest(**settings), spot, namespace=other.get("namespace", ""))
    given = nodes(*other.get("texts", ("a", "bb")))
    given[0].score = other.get("score", 0.5)
    given[0].node.metadata.update(other.get("metadata", {}))
    ranker.postprocess_nodes(given, query_str=other.get("query", "q"))
    assert len(asked) == 2


def test_no_query_and_no_nodes_are_a_question_too(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    for _ in range(2):
        assert ranker.postprocess_nodes([]) == []
        assert len(ranker.postprocess_nodes(nodes("a"))) == 1
    assert asked == ["", ""]


def test_one_that_changes_nodes_is_not_kept_and_says_so(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Changing(), spot)
    with pytest.warns(CacheSaveWarning, match="changed them"):
        ranker.postprocess_nodes(nodes("a"), query_str="q")
    assert ranker.postprocess_nodes(nodes("a"), query_str="q")[0].node.metadata == {"seen": True}
    assert len(asked) == 2


def test_what_a_reranker_writes_into_nodes_reaches_the_caller_without_content_too(spot: Spot) -> None:
    class Locking(Longest):
        def _postprocess_nodes(self, nodes: Any, query_bundle: Any = None) -> list[NodeWithScore]:
            nodes[0].node.metadata["lock"] = threading.Lock()
            return nodes

    with pytest.warns(CacheSaveWarning, match="changed them"):
        assert len(cache_postprocessor(Locking(), spot).postprocess_nodes(nodes("a"), query_str="q")) == 1


def test_where_warnings_are_errors_what_was_ranked_comes_back(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Changing(), spot)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("error")
        assert len(ranker.postprocess_nodes(nodes("a"), query_str="q")) == 1


def test_what_shapes_the_prompts_of_a_reranking_model_counts(spot: Spot) -> None:
    canonical = Canonical(registry_with_embedders(spot.parts.registry))
    first, second, again = (
        canonical.form(LLMRerank(llm=MockLLM(completion_to_prompt=lambda prompt, words=words: words + prompt)))
        for words in "aba"
    )
    assert first == again != second


def test_metadata_without_content_goes_past_the_cache(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    odd = nodes("a")
    odd[0].node.metadata["lock"] = object()
    with pytest.warns(CacheSaveWarning, match="no key can be made of"):
        assert len(ranker.postprocess_nodes(odd, query_str="q")) == 1
    assert asked == ["q"]


def test_policies_hold_for_rankings_too(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    spot.mark(len)("recorded")
    with cache_policy("replay_only"), pytest.raises(ReplayMiss, match=r"llama_index\.Longest\.long"):
        ranker.postprocess_nodes(nodes("a"), query_str="q")
    for mode in ("read_only", "read_write", "refresh", "off"):
        with cache_policy(mode):
            ranker.postprocess_nodes(nodes("a"), query_str="q")
    with cache_policy("replay_only"):
        ranker.postprocess_nodes(nodes("a"), query_str="q")
    assert len(asked) == 4


def test_it_is_copied_and_pickled_with_its_rankings(spot: Spot, asked: list[str]) -> None:
    ranker = cache_postprocessor(Longest(), spot, tags=("t",))
    ranker.postprocess_nodes(nodes("a"), query_str="q")
    for other in (pickle.loads(pickle.dumps(ranker)), copy.deepcopy(ranker)):
        assert isinstance(other, Longest)
        other.postprocess_nodes(nodes("a"), query_str="q")
    assert len(asked) == 1
    assert [(task.func_name, task.tags) for task in spot.parts.store.db.find(TaskFilter())] == [
        ("llama_index.Longest.long", ("t",))
    ]


class Hearing(BaseEventHandler):
    """Notes the events of reranking."""

    heard: list[tuple[str, Any]] = []  # noqa: RUF012 - pydantic copies it

    @classmethod
    def class_name(cls) -> str:
        return "Hearing"

    def handle(self, event: Any, **_: Any) -> None:
        self.heard.append((event.class_name(), event.tags.get("cache_hit")))


def test_a_hit_tells_observers_what_a_reranker_tells(spot: Spot) -> None:
    ranker = cache_postprocessor(Longest(), spot)
    ranker.postprocess_nodes(nodes("a"), query_str="q")
    root, hearing = get_dispatcher("root"), Hearing()
    root.add_event_handler(hearing)
    try:
        ranker.postprocess_nodes(nodes("a"), query_str="q")
    finally:
        root.event_handlers.remove(hearing)
    assert hearing.heard == [("ReRankStartEvent", True), ("ReRankEndEvent", True)]


def test_what_is_no_postprocessor_is_refused(spot: Spot) -> None:
    with pytest.raises(ConfigurationError, match="postprocessor got"):
        cache_postprocessor("rerank", spot)  # type: ignore[type-var] - what users try


class Slow(Longest):
    """Ranks once those who ask for the same have come."""

    gate: Any = None

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        assert self.gate.wait(30)
        return super()._postprocess_nodes(nodes, query_bundle)


def test_threads_that_rank_the_same_rank_once(store: Spot, asked: list[str], until_waited_for: Any) -> None:
    slow = cache_postprocessor(Slow(gate=(gate := threading.Event())), store, model_id="slow")
    with ThreadPoolExecutor(8) as pool:
        ranking = [pool.submit(slow.postprocess_nodes, nodes("a", "bb", "ccc"), query_str="q") for _ in range(8)]
        until_waited_for(store.parts.flight, 7)
        gate.set()
        assert [told(each.result(60)) for each in ranking] == [[("ccc", 3.0), ("bb", 2.0)]] * 8
    assert asked == ["q"]
    info = store.parts.journal.tally("llama_index.Slow.slow").info()
    assert (info.hits, info.misses) == (7, 1)


async def test_tasks_that_rank_the_same_rank_once(store: Spot, asked: list[str], until_waited_for: Any) -> None:
    slow = cache_postprocessor(Slow(gate=(gate := threading.Event())), store, model_id="slow")
    ranking = [asyncio.create_task(slow.apostprocess_nodes(nodes("a", "bb", "ccc"), query_str="q")) for _ in range(8)]
    await asyncio.to_thread(until_waited_for, store.parts.flight, 7)
    gate.set()
    assert [told(each) for each in await asyncio.gather(*ranking)] == [[("ccc", 3.0), ("bb", 2.0)]] * 8
    assert asked == ["q"]
