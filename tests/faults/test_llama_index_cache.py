"""Whatever happens to a cache of LlamaIndex's, the call gives its answer, be warnings or refusals errors or not."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import CacheReadWarning, CacheSaveWarning
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import CachedTransformation, cache_embedding, cache_llm, cache_postprocessor
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import Document, NodeWithScore, TextNode

Use = Callable[[bs.Spot], Any]
NODES = [NodeWithScore(node=TextNode(text="a"), score=1.0)]


async def complete(spot: bs.Spot) -> Any:
    return cache_llm(MockLLM(max_tokens=2), spot).complete("a b c").text


async def achat(spot: bs.Spot) -> Any:
    return (await cache_llm(MockLLM(max_tokens=2), spot).achat([ChatMessage("a b c")])).message.content


async def stream(spot: bs.Spot) -> Any:
    return "".join(chunk.delta or "" for chunk in cache_llm(MockLLM(max_tokens=2), spot).stream_complete("a b c"))


async def embed(spot: bs.Spot) -> Any:
    return cache_embedding(MockEmbedding(embed_dim=2), spot).get_text_embedding_batch(["a", "b"])


async def aembed(spot: bs.Spot) -> Any:
    return await cache_embedding(MockEmbedding(embed_dim=2), spot).aget_text_embedding_batch(["a", "b"])


async def transform(spot: bs.Spot) -> Any:
    return len(CachedTransformation(MarkdownNodeParser(), spot)([Document(text="# a\n\nb"), Document(text="c")]))


async def atransform(spot: bs.Spot) -> Any:
    made = await CachedTransformation(MarkdownNodeParser(), spot).acall([Document(text="# a\n\nb"), Document(text="c")])
    return len(made)


async def rank(spot: bs.Spot) -> Any:
    return len(cache_postprocessor(SimilarityPostprocessor(similarity_cutoff=0), spot).postprocess_nodes(NODES))


async def arank(spot: bs.Spot) -> Any:
    ranker = cache_postprocessor(SimilarityPostprocessor(similarity_cutoff=0), spot)
    return len(await ranker.apostprocess_nodes(NODES))


VECTORS = [[0.5, 0.5]] * 2
USES = pytest.mark.parametrize(
    ("use", "answer"),
    [
        (complete, "text text"), (achat, "text text"), (stream, "text text"), (embed, VECTORS),
        (aembed, VECTORS), (transform, 2), (atransform, 2), (rank, 1), (arank, 1),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip


@pytest.fixture
def spot(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[bs.Spot]:
    db = SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=0.02)
    spot = bs.Spot("faults", db=db, storage=tmp_path / "blobs", on_save_error=getattr(request, "param", "warn"))
    db.open()
    yield spot
    spot.parts.store.unsaved.forget()
    spot.shutdown()


@pytest.fixture(autouse=True)
def shown(spot: bs.Spot) -> Iterator[list[warnings.WarningMessage]]:
    """What is shown where warnings are errors."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        yield shown


@USES
async def test_a_store_that_can_not_be_read_costs_no_call_its_answer(
    use: Any, answer: Any, spot: bs.Spot, tmp_path: Path, shown: list[Any]
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as file, file:
        file.execute("DROP TABLE tasks")
    assert [await use(spot), await use(spot)] == [answer] * 2
    assert CacheReadWarning in {each.category for each in shown}


@USES
@pytest.mark.parametrize("spot", ["warn", "raise"], indirect=True)
async def test_a_store_that_takes_nothing_costs_no_call_its_answer(
    use: Any, answer: Any, spot: bs.Spot, tmp_path: Path, shown: list[Any]
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await use(spot) == answer
        other.execute("ROLLBACK")
    assert {each.category for each in shown} == {CacheSaveWarning}
    spot.flush()
    assert [*spot.parts.store.db.find(TaskFilter())]
