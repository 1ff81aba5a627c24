"""How many nodes go in one call of a transformation, what a failed call costs, and the bar of a run."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from beautyspot import Spot
from llama_index.callbacks.beautyspot import CachedTransformation
from llama_index.core.embeddings.mock_embed_model import MockEmbedding
from llama_index.core.extractors import BaseExtractor, KeywordExtractor
from llama_index.core.llms import MockLLM
from llama_index.core.schema import BaseNode, Document, NodeRelationship, TextNode
from openai import InternalServerError
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.usefixtures("event_loop_of_thread")
ASKED: list[list[str]] = []
FAILING: set[str] = set()


@pytest.fixture(autouse=True)
def asked() -> list[list[str]]:
    ASKED.clear(), FAILING.clear()
    return ASKED


def nodes(count: int) -> list[TextNode]:
    return [TextNode(text=f"text {place}", id_=str(place)) for place in range(count)]


async def run(cached: CachedTransformation, given: list[TextNode], *, is_async: bool) -> Sequence[BaseNode]:
    return await cached.acall(given) if is_async else cached(given)


@pytest.mark.external_service
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("workers", "again"), [(1, 4), (3, 6)], ids=["alone", "workers"])
async def test_an_answer_that_fails_costs_those_alone_that_were_asked_for_beside_it(
    workers: int, again: int, is_async: bool, openai: Any, store: Spot, openai_api: OpenAIAPI
) -> None:
    extractor = KeywordExtractor(llm=openai(), num_workers=workers, show_progress=False)
    cached = CachedTransformation(extractor, store)
    openai_api.fail(*[None] * 8, 500)  # type: ignore[list-item] - no fault
    with pytest.raises(InternalServerError):
        await run(cached, nodes(12), is_async=is_async)
    openai_api.reset()
    await run(cached, nodes(12), is_async=is_async)
    assert openai_api.calls == again


class Embedder(MockEmbedding):
    """Embeds a text as its length, but for those that fail, and notes what it was asked."""

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        ASKED.append(texts)
        if FAILING & {*texts}:
            raise OSError("the provider's own words")
        return [[len(text) / 3] * self.embed_dim for text in texts]

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._get_text_embeddings(texts)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_vectors_are_kept_by_the_batches_in_which_they_are_asked_for(
    is_async: bool, spot: Spot, asked: list[list[str]]
) -> None:
    cached = CachedTransformation(Embedder(embed_dim=2, embed_batch_size=2, num_workers=1), spot)
    FAILING.add("text 4")
    with pytest.raises(OSError, match="the provider's own words"):
        await run(cached, nodes(7), is_async=is_async)
    FAILING.clear()
    await run(cached, nodes(7), is_async=is_async)
    assert [len(call) for call in asked] == [2, 2, 2, 2, 1]
    assert asked[3:] == [["text 4", "text 5"], ["text 6"]]


class Lengths(BaseExtractor):
    """Notes the length of each text."""

    async def aextract(self, nodes: Sequence[BaseNode]) -> list[dict[str, Any]]:
        ASKED.append([node.get_content() for node in nodes])
        return [{"length": len(node.get_content())} for node in nodes]


def test_an_extractor_that_is_told_to_look_at_documents_gets_each_once(spot: Spot, asked: list[list[str]]) -> None:
    given = nodes(4)
    for place, node in enumerate(given):
        source = Document(id_=f"d{place // 2}", text="whole")
        node.relationships[NodeRelationship.SOURCE] = source.as_related_node_info()
    CachedTransformation(Lengths(show_progress=False), spot, unit="document")(given)
    assert [len(call) for call in asked] == [2, 2]


@pytest.mark.parametrize("make", [partial(KeywordExtractor, MockLLM()), Lengths], ids=["the host's", "the user's"])
def test_a_run_of_an_extractor_shows_one_bar(
    make: Callable[..., Any], spot: Spot, capsys: pytest.CaptureFixture[str]
) -> None:
    extractor = make(num_workers=2)
    for _ in range(2):
        CachedTransformation(extractor, spot)(nodes(6), show_progress=make is Lengths)
    shown = capsys.readouterr().err
    assert (shown.count(" 0%|"), shown.count("100%|")) == (1, 1)
    assert f"Applying {type(extractor).__name__}: 100%" in shown
    assert extractor.show_progress
