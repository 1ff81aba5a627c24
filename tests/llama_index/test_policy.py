"""What a block of code makes of every cache in it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheReadWarning, Spot
from llama_index.callbacks.beautyspot import (
    CachedTransformation,
    ReplayMiss,
    cache_embedding,
    cache_llm,
    cache_policy,
    cache_postprocessor,
)
from llama_index.core import Document, MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import TokenTextSplitter
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import NodeWithScore

DOCUMENTS = [Document(text="a b", id_="1")]
ASKED: dict[str, Callable[[Spot], Any]] = {
    "a model": lambda spot: cache_llm(MockLLM(max_tokens=2), spot).complete("a").text,
    "vectors": lambda spot: cache_embedding(MockEmbedding(embed_dim=2), spot).get_text_embedding("a"),
    "nodes": lambda spot: CachedTransformation(TokenTextSplitter(), spot)(DOCUMENTS),
    "a ranking": lambda spot: cache_postprocessor(SimilarityPostprocessor(), spot).postprocess_nodes(
        [NodeWithScore(node=DOCUMENTS[0], score=1.0)], query_str="q"
    ),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_replay_leaves_the_file_as_it_was(what: str, tmp_path: Path) -> None:
    spot, path = Spot("recorded", db=tmp_path / "a.db"), tmp_path / "a.db"
    first = ASKED[what](spot)
    spot.shutdown()
    recorded = path.read_bytes()
    with cache_policy("replay_only"):
        assert ASKED[what](spot) == first
    spot.shutdown()
    assert path.read_bytes() == recorded


@pytest.mark.parametrize("what", ASKED)
def test_a_replay_of_a_database_that_is_not_there_says_so_and_makes_nothing(what: str, tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "recordd.db")
    with cache_policy("replay_only"), pytest.raises(ReplayMiss, match=r"no database '.*recordd\.db'.*; give its path"):
        ASKED[what](spot)
    spot.shutdown()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("what", ASKED)
def test_a_replay_says_that_a_row_is_kept_whose_value_was_left_behind(what: str, tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "a.db", inline_limit_bytes=0)
    ASKED[what](spot)
    shutil.rmtree(tmp_path / "blobs")
    with (
        cache_policy("replay_only"),
        pytest.warns(CacheReadWarning, match="is kept, but its value is not found"),
        pytest.raises(ReplayMiss, match=r"to give: the row of .* is kept, but its value is not found .*bring it back"),
    ):
        ASKED[what](spot)
