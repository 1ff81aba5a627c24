"""The key-value store, alone and below what LlamaIndex builds on one."""

import asyncio
import pickle
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, ConfigurationError, SerializationError, Spot, StorageError
from beautyspot.db import MemoryTaskDB
from beautyspot.records import Task
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import BeautySpotKVStore
from llama_index.core.data_structs.data_structs import IndexDict
from llama_index.core.embeddings.mock_embed_model import MockEmbedding
from llama_index.core.schema import Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore.keyval_docstore import KVDocumentStore
from llama_index.core.storage.index_store.keyval_index_store import KVIndexStore
from llama_index.core.storage.kvstore.types import BaseKVStore


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    spot = Spot("kv", db=tmp_path / "kv.db", storage=tmp_path / "blobs", clock=FrozenClock())
    yield spot
    spot.shutdown()


@pytest.fixture
def store(spot: Spot) -> BeautySpotKVStore:
    return BeautySpotKVStore(spot)


def test_it_is_a_key_value_store_and_never_false(store: BeautySpotKVStore) -> None:
    assert BaseKVStore in BeautySpotKVStore.__mro__
    assert not hasattr(store, "__len__")
    assert store


async def test_what_is_put_is_got_by_either_colour_and_replaced(store: BeautySpotKVStore) -> None:
    store.put("a", {"n": 1})
    assert await store.aget("a") == {"n": 1}
    await store.aput("a", {"n": 2})
    assert store.get("a") == {"n": 2}
    assert store.get("b") is await store.aget("b") is None


async def test_a_value_nested_too_deep_is_warned_of_and_costs_its_neighbours_nothing(store: BeautySpotKVStore) -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"a": deep}
    store.put("deep", {"n": 1})
    with pytest.warns(CacheSaveWarning, match="nested too deep; expected at most 500 levels"):
        store.put("deep", deep)
    await store.aput_all([("a", {"n": 1}), ("deep", deep), ("b", {"n": 2})])
    assert store.get_all() == {"a": {"n": 1}, "b": {"n": 2}}


async def test_a_value_that_can_not_be_kept_leaves_no_older_one_behind(store: BeautySpotKVStore) -> None:
    store.put_all([("a", {"n": 1}), ("b", {"n": 1})])
    with pytest.warns(CacheSaveWarning, match="could not be saved"):
        store.put("a", {"n": object()})
    await store.aput_all([("b", {"n": object()}), ("c", {"n": 2})])
    assert store.get_all() == {"c": {"n": 2}}


@pytest.fixture
def shown() -> Iterator[list[warnings.WarningMessage]]:
    """What is shown where warnings are errors."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        yield shown


async def test_where_warnings_are_errors_a_value_that_can_not_be_kept_is_told_of(
    store: BeautySpotKVStore, shown: list[warnings.WarningMessage]
) -> None:
    store.put_all([("a", {"n": 1}), ("b", {"n": 1})])
    store.put("b", {"n": object()})
    await store.aput_all([("c", {"n": object()}), ("d", {"n": 2})])
    assert store.get_all() == {"a": {"n": 1}, "d": {"n": 2}}
    assert ["could not keep an answer" in str(each.message) for each in shown] == [True]


async def test_where_warnings_are_errors_a_damaged_value_is_a_miss_and_can_be_deleted(
    store: BeautySpotKVStore, tmp_path: Path, shown: list[warnings.WarningMessage]
) -> None:
    store.put_all([("a", {"n": 1}), ("b", {"n": 1})])
    with closing(sqlite3.connect(tmp_path / "kv.db")) as file, file:
        file.execute("UPDATE tasks SET result_data = x'00', expires_at = 'never' WHERE input_id = 'a'")
    assert store.get("a") is await store.aget("a") is None
    assert store.get_all() == {"b": {"n": 1}}
    assert (store.delete("a"), store.clear()) == (False, 1)
    assert ["could not look an answer up" in str(each.message) for each in shown] == [True]


def test_where_failures_are_raised_the_older_value_stays(tmp_path: Path) -> None:
    with Spot("kv", db=tmp_path / "kv.db", on_save_error="raise") as spot:
        store = BeautySpotKVStore(spot)
        store.put("a", {"n": 1})
        with pytest.raises(SerializationError):
            store.put("a", {"n": object()})
        assert store.get("a") == {"n": 1}


def test_what_is_no_dict_under_a_text_is_refused(store: BeautySpotKVStore) -> None:
    with pytest.raises(ConfigurationError, match=r"val got \[1\]; give a dict"):
        store.put("a", [1])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"key got 5; give a text"):
        store.put_all([(5, {})])  # type: ignore[list-item]


def test_members_of_enums_are_kept_wherever_they_stand(store: BeautySpotKVStore) -> None:
    store.put("a", {"l": ["x", NodeRelationship.SOURCE]})
    assert store.get("a") == {"l": ["x", "1"]}


async def test_collections_and_namespaces_do_not_mix(store: BeautySpotKVStore, spot: Spot) -> None:
    other = BeautySpotKVStore(spot, namespace="other")
    store.put("a", {"n": 1}, "docs/data")
    store.put("a", {"n": 2}, collection="docs/metadata")
    other.put("a", {"n": 3}, "docs/data")
    assert [store.get("a", "docs/data"), store.get("a", "docs/metadata"), other.get("a", "docs/data")] == [
        {"n": 1},
        {"n": 2},
        {"n": 3},
    ]
    assert store.get_all("docs/data") == await store.aget_all("docs/data") == {"a": {"n": 1}}
    assert store.get_all() == {}


@pytest.mark.parametrize("batch_size", [1, 3, 10_000])
async def test_any_batch_size_writes_everything(store: BeautySpotKVStore, batch_size: int) -> None:
    pairs = [(str(number), {"n": number}) for number in range(600)]
    store.put_all(pairs, batch_size=batch_size)
    await store.aput_all(pairs, "async", batch_size)
    assert store.get_all() == store.get_all("async") == dict(pairs)


async def test_delete_says_whether_there_was_anything(store: BeautySpotKVStore) -> None:
    store.put("a", {})
    store.put("b", {})
    assert [store.delete("a"), store.delete("a"), await store.adelete("b"), await store.adelete("b")] == [
        True,
        False,
        True,
        False,
    ]
    assert store.get("a") is None


def test_clear_deletes_one_collection(store: BeautySpotKVStore) -> None:
    store.put_all([(str(number), {}) for number in range(1200)], "a")
    store.put("kept", {}, "b")
    assert store.clear("a") == 1200
    assert (store.get_all("a"), store.get_all("b"), store.clear("a")) == ({}, {"kept": {}}, 0)


class Refuses(MemoryTaskDB):
    def put(self, task: Task, /) -> None:
        raise StorageError("not now")


def test_what_waits_for_the_database_is_listed_and_cleared(tmp_path: Path) -> None:
    spot = Spot("kv", db=Refuses(), storage=tmp_path)
    store = BeautySpotKVStore(spot)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        store.put("a", {"n": 1})
    assert store.get_all() == {"a": {"n": 1}}
    assert store.clear() == 1
    spot.flush()
    assert store.get("a") is None


def test_keys_are_any_text_and_never_run_together(store: BeautySpotKVStore) -> None:
    keys = ["", "a", "A", "a/b", "b", "x" * 20_000, "x" * 20_001, "nul\0", "日本", "%", "\ud800"]
    store.put_all([(key, {"key": number}) for number, key in enumerate(keys)])
    store.put("b", {"key": "other"}, "data/a")
    assert [store.get(key) for key in keys] == [{"key": number} for number in range(len(keys))]
    assert list(store.get_all()) == keys


def test_collections_whose_names_run_into_others_stay_apart(store: BeautySpotKVStore) -> None:
    store.put("bc", {"n": 1}, "a")
    store.put("a", {"n": 2}, "x.llama_index.KVStore.default/data")
    assert store.get("c", "ab") is None
    assert store.get_all() == {}
    assert store.clear() == 0


def test_values_come_back_in_their_types_and_share_nothing(store: BeautySpotKVStore) -> None:
    value: dict[str, Any] = {
        "list": [1, 1.0, True, None, "1"], "tuple": (1, 2), "bytes": b"\0", "time": datetime(2026, 1, 2, tzinfo=UTC),
        "dict": {"deep": [{"er": 1}]}, "big": 2**70, "float": 0.1 + 0.2,
    }  # fmt: skip
    store.put("a", value)
    got = store.get("a")
    assert repr(got) == repr(value)
    assert got is not None
    got["dict"]["deep"].append(2)
    value["list"].clear()
    assert store.get("a")["dict"] == {"deep": [{"er": 1}]}  # type: ignore[index]
    assert store.get("a")["list"]  # type: ignore[index]


def test_a_value_that_cannot_be_kept_is_warned_of_or_raised_as_the_spot_says(tmp_path: Path, spot: Spot) -> None:
    with pytest.warns(CacheSaveWarning, match=r"llama_index\.KVStore\.default/data"):
        BeautySpotKVStore(spot).put("a", {"lock": threading.Lock()})
    strict = Spot("s", db=tmp_path / "s.db", on_save_error="raise")
    with pytest.raises(TypeError, match="lock"):
        BeautySpotKVStore(strict).put("a", {"lock": threading.Lock()})
    strict.shutdown()


def test_a_time_to_live_ends_everywhere(spot: Spot) -> None:
    store = BeautySpotKVStore(spot, ttl="1h")
    store.put("a", {})
    assert (store.get("a"), store.get_all()) == ({}, {"a": {}})
    spot.parts.clock.advance(3601)  # type: ignore[attr-defined] - a frozen one
    assert (store.get("a"), store.get_all(), store.delete("a")) == (None, {}, False)


def test_stats_count_hits_and_misses(store: BeautySpotKVStore) -> None:
    store.put("a", {})
    for key in ("a", "a", "b"):
        store.get(key)
    assert store.stats() == (2, 1)


@pytest.mark.parametrize("wrong", [{"namespace": "a/b"}, {"namespace": None}, {"ttl": "soon"}])
def test_a_wrong_option_is_refused_where_it_is_given(spot: Spot, wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        BeautySpotKVStore(spot, **wrong)


def test_threads_and_event_loops_share_it(store: BeautySpotKVStore) -> None:
    async def put(thread: int) -> None:
        await asyncio.gather(*(store.aput(f"{thread} {number}", {}) for number in range(10)))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(put(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.get_all()) == 40


def test_another_process_opens_the_same_store(store: BeautySpotKVStore, tmp_path: Path) -> None:
    store.put("parent", {"n": 1})
    (tmp_path / "store").write_bytes(pickle.dumps(store))
    child = "import pickle, sys; s = pickle.load(open(sys.argv[1], 'rb')); s.put('child', s.get('parent'))"
    subprocess.run([sys.executable, "-c", child, str(tmp_path / "store")], check=True, timeout=60)
    assert store.get("child") == {"n": 1}


async def test_documents_below_a_document_store_keep_identity_and_hashes(store: BeautySpotKVStore) -> None:
    docs = KVDocumentStore(store, namespace="docs", batch_size=50)
    node = TextNode(id_="n", text="part", metadata={"page": 1}, embedding=[0.5])
    node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id="d")
    docs.add_documents([Document(id_="d", text="whole"), node])
    assert docs.get_document("n") == await docs.aget_document("n") == node
    assert docs.get_ref_doc_info("d").node_ids == ["n"]  # type: ignore[union-attr]
    assert set(docs.docs) == {"d", "n"}
    docs.set_document_hash("d", "hash")
    assert docs.get_all_document_hashes()["hash"] == "d"
    docs.delete_ref_doc("d")
    assert docs.docs == {}
    await docs.async_add_documents([node])
    assert await docs.adocument_exists("n")


async def test_index_structs_are_kept(store: BeautySpotKVStore) -> None:
    indexes = KVIndexStore(store)
    struct = IndexDict(index_id="i", nodes_dict={"a": "b"})
    indexes.add_index_struct(struct)
    assert indexes.get_index_struct("i") == await indexes.aget_index_struct("i") == struct
    indexes.delete_index_struct("i")
    assert indexes.index_structs() == []


async def test_the_embeddings_cache_of_llamaindex_stands_on_it(store: BeautySpotKVStore) -> None:
    model = MockEmbedding(embed_dim=2, embeddings_cache=store)
    assert model.get_text_embedding_batch(["a", "b"]) == await model.aget_text_embedding_batch(["a", "b"])
    assert set(store.get_all("embeddings")) == {"a", "b"}


@pytest.mark.external_service
def test_a_server_keeps_keys_of_any_length(postgres_url: str) -> None:
    with closing(BeautySpotKVStore(postgres_url)._spot.parts.store.db):
        store = BeautySpotKVStore(postgres_url)
        store.put_all([("x" * 20_000, {"n": 1}), ("nul\0", {"n": 2})])
        assert pickle.loads(pickle.dumps(store)).get_all() == {"x" * 20_000: {"n": 1}, "nul\0": {"n": 2}}
