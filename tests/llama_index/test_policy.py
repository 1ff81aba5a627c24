"""What a block of code makes of every cache in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from llama_index.callbacks.beautyspot import (
    CachedTransformation,
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
