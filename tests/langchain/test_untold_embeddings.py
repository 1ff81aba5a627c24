"""Embedding models of the user's own that hold objects."""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from beautyspot import ConfigurationError, Spot
from langchain_beautyspot import CachedEmbeddings
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough
from langchain_openai import OpenAIEmbeddings
from openai import OpenAI
from pydantic import BaseModel, ConfigDict


class Asking(Embeddings):
    """Embeds a text as what its part says."""

    def __init__(self, part: Any) -> None:
        self.part, self.calls = part, 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.calls += 1
        return [float(self.part(len(text)))]


class Fields(BaseModel, Embeddings):
    """Does so with a field."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    part: Any
    calls: int = 0

    embed_documents, embed_query = Asking.embed_documents, Asking.embed_query


class Slotted(Asking):
    """Does so with a slot."""

    __slots__ = ("factor",)

    def __init__(self, factor: int) -> None:
        super().__init__(None)
        self.factor = factor

    def embed_query(self, text: str) -> list[float]:
        self.calls += 1
        return [float(len(text) * self.factor)]


class Late(Asking):
    """Makes its client at the first call."""

    def __init__(self, url: str) -> None:
        self.url, self.calls, self.client = url, 0, None

    def embed_query(self, text: str) -> list[float]:
        self.calls += 1
        self.client: Any = self.client or OpenAI(base_url=self.url, api_key="k")
        return [float(len(text))]


class LateFields(Fields):
    url: str
    client: Any = None

    embed_documents, embed_query = Late.embed_documents, Late.embed_query


class Pooling:
    def __init__(self, inner: Callable[[int], int]) -> None:
        self.inner = inner

    def __call__(self, length: int) -> int:
        return self.inner(length)

    def __repr__(self) -> str:
        return "Pooling()"


class Chaining(Asking):
    def embed_query(self, text: str) -> list[float]:
        self.calls += 1
        return [float(self.part.invoke(len(text)))]


def times(factor: int) -> Runnable[int, int]:
    return RunnableLambda(lambda length: length * factor)


def in_table(table: MappingProxyType[str, Any], length: int) -> int:
    return table["scale"].invoke(length)


WAYS: dict[str, Callable[[int], Any]] = {
    "runnable": lambda factor: Chaining(times(factor)),
    "sequence": lambda factor: Chaining(times(1) | times(factor).with_retry() | RunnablePassthrough()),
    "method": lambda factor: Asking(times(factor).invoke),
    "field": lambda factor: Fields(part=times(factor).invoke),
    "slot": Slotted,
    "closure": lambda factor: Asking((lambda inner: lambda length: inner.invoke(length))(times(factor))),
    "table": lambda factor: Asking(partial(in_table, MappingProxyType({"scale": times(factor)}))),
    "object": lambda factor: Asking(Pooling(times(factor).invoke)),
    "number": lambda factor: Asking(Pooling(partial(int.__mul__, factor))),
}


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("e", db=tmp_path / "e.db")


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS.keys())
def test_a_model_is_told_by_what_its_parts_hold_and_close_over(spot: Spot, make: Any) -> None:
    models = [make(factor) for factor in (2, 3, 2)]
    assert [CachedEmbeddings(model, spot).embed_query("ab") for model in models] == [[4.0], [6.0], [4.0]]
    assert [model.calls for model in models] == [1, 1, 0]


UNTOLD: dict[str, Callable[[Any], Any]] = {
    "estimator": lambda library: library.Estimator(2),
    "estimator in a partial": lambda library: partial(library.Estimator(2), 1),
    "estimators in C": lambda library: itertools.repeat(library.Estimator(2)),
    "template": lambda library: library.Template(),
    "function in C": lambda _: np.frompyfunc(lambda length: length * 2, 1, 1),
    "table that is cut": lambda _: pa.table({"weights": range(100)}),
}


@pytest.mark.parametrize("hold", [lambda part: part, lambda part: {"part": [part]}], ids=["itself", "within"])
@pytest.mark.parametrize("make", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_a_library_shows_of_its_objects_is_no_setting(spot: Spot, library: Any, make: Any, hold: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"the setting .part.*; give CachedEmbeddings\(…, model="):
        CachedEmbeddings(Asking(hold(make(library))), spot)


def test_a_librarys_object_that_holds_nothing_counts_by_what_it_shows(spot: Spot) -> None:
    models = [Asking(Pooling(partial(width_of, kind()))) for kind in (pa.float32, pa.float64, pa.float32)]
    assert [CachedEmbeddings(model, spot).embed_query("a") for model in models] == [[32.0], [64.0], [32.0]]
    assert [model.calls for model in models] == [1, 1, 0]


def width_of(kind: pa.DataType, _: int) -> int:
    return kind.bit_width


def test_models_within_a_model_are_told_by_their_settings_without_keys(spot: Spot) -> None:
    def identity(size: int, key: str) -> bytes:
        within: list[Embeddings] = [DeterministicFakeEmbedding(size=size), OpenAIEmbeddings(api_key=key)]  # type: ignore[arg-type]
        return CachedEmbeddings(Asking(within), spot)._shelf.embedder.identity

    assert identity(2, "sk-1") == identity(2, "sk-2") != identity(3, "sk-1")


@pytest.mark.parametrize("kind", [Late, partial(LateFields, part=None)], ids=["a class", "a pydantic model"])
def test_a_model_that_makes_its_client_late_keeps_its_first_vectors(tmp_path: Path, kind: Callable[..., Any]) -> None:
    spot = Spot("m", db=tmp_path / "a.db")
    calls: list[int] = []
    for url in ("http://a.test", "http://a.test", "http://b.test"):
        model = kind(url=url)
        embeddings = CachedEmbeddings(model, spot)
        assert [embeddings.embed_query("a"), embeddings.embed_query("a")] == [[1.0], [1.0]]
        calls.append(model.calls)
    assert calls == [1, 0, 1]
