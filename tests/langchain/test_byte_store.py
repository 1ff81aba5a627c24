"""Bytes under names."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheReadWarning, CacheSaveWarning, Spot, StorageError
from beautyspot.db import MemoryTaskDB
from beautyspot.records import Task
from beautyspot.testing import FrozenClock
from langchain_beautyspot import BeautySpotByteStore
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_tests.integration_tests import BaseStoreAsyncTests, BaseStoreSyncTests


@pytest.fixture
def store(tmp_path: Path) -> BeautySpotByteStore:
    return BeautySpotByteStore(tmp_path / "a.db")


class TestStandardSync(BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, store: BeautySpotByteStore) -> BeautySpotByteStore:
        return store

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"one", b"", b"\x00three"


class TestStandardAsync(BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, store: BeautySpotByteStore) -> BeautySpotByteStore:
        return store

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"one", b"", b"\x00three"


def test_values_outlive_the_store(tmp_path: Path) -> None:
    BeautySpotByteStore(tmp_path / "a.db").mset([("k", b"v")])
    assert BeautySpotByteStore(tmp_path / "a.db").mget(["k", "other"]) == [b"v", None]


def test_a_pickled_store_is_the_same_one(tmp_path: Path) -> None:
    store = BeautySpotByteStore(tmp_path / "a.db", namespace="a")
    store.mset([("k", b"v")])
    assert pickle.loads(pickle.dumps(store)).mget(["k"]) == [b"v"]


def test_cache_backed_embeddings_ask_for_each_text_once(tmp_path: Path) -> None:
    classic = pytest.importorskip("langchain_classic.embeddings")
    store, model = BeautySpotByteStore(tmp_path / "a.db"), DeterministicFakeEmbedding(size=4)
    options = {"namespace": "m", "key_encoder": "blake2b", "query_embedding_cache": True}
    embeddings = classic.CacheBackedEmbeddings.from_bytes_store(model, store, **options)
    vectors = embeddings.embed_documents(["a", "b"]), embeddings.embed_query("a")
    kept = classic.CacheBackedEmbeddings.from_bytes_store(Embeddings, store, **options)  # a class: nothing to ask
    assert (kept.embed_documents(["a", "b"]), kept.embed_query("a")) == vectors


def test_a_namespace_sees_nothing_of_another(tmp_path: Path) -> None:
    spot = Spot("a", db=tmp_path / "a.db", storage=tmp_path / "blobs")
    mine, other = (
        BeautySpotByteStore(spot, namespace="a"),
        BeautySpotByteStore(spot, namespace="x.langchain.byte_store.a"),
    )
    other.mset([("k", b"other")])
    assert mine.mget(["k"]) == [None]
    assert [*mine.yield_keys()] == []
    mine.mset([("k", b"mine")])
    assert (other.mget(["k"]), [*mine.yield_keys()]) == ([b"other"], ["k"])


async def test_a_value_above_the_inline_limit_is_read_back_in_both_colours(store: BeautySpotByteStore) -> None:
    big = bytes(300_000)
    store.mset([("big", big), ("small", b"s")])
    assert store.mget(["big", "small"]) == [big, b"s"]
    assert await store.amget(["small", "big", "none"]) == [b"s", big, None]


def test_an_expired_value_is_gone_and_its_key_too(tmp_path: Path) -> None:
    clock = FrozenClock()
    spot = Spot("a", db=tmp_path / "a.db", storage=tmp_path / "blobs", clock=clock)
    store = BeautySpotByteStore(spot, ttl="1h")
    store.mset([("k", b"v")])
    assert [*store.yield_keys()] == ["k"]
    clock.advance(3601)
    assert (store.mget(["k"]), [*store.yield_keys()]) == ([None], [])


def test_a_database_in_trouble_is_a_warned_miss_but_a_delete_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = BeautySpotByteStore(tmp_path / "file" / "a.db")
    with pytest.warns(CacheReadWarning):  # one for the trouble, not one for each call
        assert [store.mget([each]) for each in "kl"] == [[None], [None]]
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        store.mset([("k", b"v")])
    with pytest.raises(StorageError):
        store.mdelete(["other"])
    (tmp_path / "file").unlink()
    assert store.mget(["k"]) == [b"v"]


def test_keys_that_wait_for_the_database_are_yielded(tmp_path: Path) -> None:
    store = BeautySpotByteStore(Spot("a", db=Refuses(), storage=tmp_path))
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        store.mset([("k", b"v")])
    assert [*store.yield_keys()] == ["k"]


class Refuses(MemoryTaskDB):
    def put(self, task: Task, /) -> None:
        raise StorageError("not now")


@pytest.mark.parametrize("value", [5, "text", None, [1]])
def test_a_value_that_is_no_bytes_is_refused(tmp_path: Path, value: Any) -> None:
    store = BeautySpotByteStore(tmp_path / "b.db")
    with pytest.raises(TypeError, match=r"the value of 'k' got .*; expected bytes; encode it first"):
        store.mset([("a", b"1"), ("k", value)])
    assert store.mget(["a"]) == [None]
