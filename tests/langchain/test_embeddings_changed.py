"""Embedding models whose settings change while they are asked."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, Spot
from langchain_beautyspot import CachedEmbeddings
from langchain_core.embeddings import Embeddings
from pydantic import BaseModel


class Fickle(BaseModel, Embeddings):
    """Embeds as its style says; the first call ends with another, as somebody else changes it meanwhile."""

    style: int = 1
    calls: int = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.calls += 1
        return [[float(self.style)] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        self.style = 2
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.style = 2
        return self.embed_documents(texts)


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("e", db=tmp_path / "e.db")


async def test_vectors_of_a_model_that_changed_meanwhile_are_given_and_not_kept(spot: Spot) -> None:
    with pytest.warns(
        CacheSaveWarning, match="changed while it was asked, so its vectors are not kept; change settings"
    ):
        assert CachedEmbeddings(Fickle(), spot).embed_query("q") == [2.0]
    assert await CachedEmbeddings(Fickle(), spot).aembed_documents(["d"]) == [[2.0]]
    assert CachedEmbeddings(Fickle(), spot).embed_documents(["d"]) == [[1.0]]
    model = Fickle()
    CachedEmbeddings(model, spot).embed_query("q")
    assert model.calls == 1


def test_a_name_of_the_users_stands_for_a_model_that_changes_itself(spot: Spot) -> None:
    models = [Fickle(), Fickle()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [CachedEmbeddings(model, spot, model="mine").embed_query("q") for model in models] == [[2.0]] * 2
    assert [model.calls for model in models] == [1, 0]


def test_what_a_model_counts_of_its_calls_makes_it_no_other(spot: Spot) -> None:
    runs: list[Any] = []
    for _ in range(2):
        model = Fickle()
        embeddings = CachedEmbeddings(model, spot)
        for text in "aba":
            embeddings.embed_documents([text])
        runs.append(model.calls)
    assert runs == [2, 0]
