"""Embedding models whose settings change while they are asked."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, Spot
from langchain_beautyspot import CachedEmbeddings
from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, ConfigDict


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


class Plain(Embeddings):
    """Remembers something of its calls in what it was made with."""

    def __init__(self, model: str = "small") -> None:
        self.model = model
        self.seen = {"last": ""}
        self.calls = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.calls += 1
        self.seen["last"] = texts[-1]
        return [[float(len(self.model))] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Before(BaseModel, Embeddings):
    """Stands before other models, as langchain-classic's `HypotheticalDocumentEmbedder` does."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    inner: Embeddings
    others: list[Embeddings] = []
    by_name: dict[str, Embeddings] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return self.inner.embed_query(text)


def test_a_plain_model_behind_another_may_remember_what_it_likes(spot: Spot) -> None:
    inner = Plain()
    embeddings = CachedEmbeddings(Before(inner=inner, others=[inner], by_name={"a": inner}), spot)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in "aaba":
            embeddings.embed_documents([text])
    assert inner.calls == 2


@pytest.mark.parametrize("change", ["another", "renamed"])
def test_a_plain_model_behind_another_is_told_when_it_is_changed(spot: Spot, change: str) -> None:
    model = Before(inner=Plain())
    embeddings = CachedEmbeddings(model, spot)
    assert embeddings.embed_query("a") == [5.0]
    if change == "another":
        model.inner = Plain("tiny")
    else:
        model.inner.model = "tiny"  # type: ignore[attr-defined]
    assert embeddings.embed_query("a") == [4.0]
