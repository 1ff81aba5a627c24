"""Embedding models whose vectors are computed once per text."""

import asyncio
import copy
import io
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheReadWarning, CacheSaveWarning, CacheWarning, ConfigurationError, DamagedEntryError, Spot
from beautyspot.records import TaskFilter
from beautyspot.serializers import MsgpackSerializer
from llama_index.callbacks.beautyspot import ReplayMiss, cache_embedding, cache_policy
from llama_index.callbacks.beautyspot.embeddings.numbers import VectorSerializer, packed
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding
from llama_index.core.schema import TextNode
from pydantic import Field, PrivateAttr

ASKED: list[Any] = []


class Lengths(BaseEmbedding):
    """Embeds a text as its length, and notes what it was asked."""

    dimensions: int = 3
    headers: Any = None
    _hidden: Any = PrivateAttr(default=None)

    def vector(self, text: str) -> list[float]:
        return [len(text) / 3] * self.dimensions

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        ASKED.append(list(texts))
        return [self.vector(text) for text in texts]

    def _get_query_embedding(self, query: str) -> list[float]:
        ASKED.append(query)
        return [-1.0, *self.vector(query)[1:]]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class Odd(Lengths):
    """Gives whatever it holds for a text."""

    gives: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it

    def vector(self, text: str) -> Any:
        return self.gives.get(text, [1.0, 2.0])


@pytest.fixture(autouse=True)
def asked() -> list[Any]:
    ASKED.clear()
    return ASKED


def rows(spot: Spot) -> list[str]:
    return [task.func_name for task in spot.parts.store.db.find(TaskFilter())]


def test_it_is_a_model_of_the_same_class_with_the_same_attributes(spot: Spot) -> None:
    model = cache_embedding(Lengths(model_name="m", dimensions=5), spot)
    assert isinstance(model, Lengths)
    assert (type(model).__name__, model.model_name, model.dimensions) == ("Lengths", "m", 5)
    assert model.to_dict() == Lengths(model_name="m", dimensions=5).to_dict()


def test_a_batch_asks_for_each_unknown_text_once(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    model.get_text_embedding_batch(["a", "bb"])
    vectors = model.get_text_embedding_batch(["ccc", "a", "ccc", "bb", ""])
    assert asked == [["a", "bb"], ["ccc", ""]]
    assert [round(vector[0] * 3) for vector in vectors] == [3, 1, 3, 2, 0]
    assert vectors[0] is not vectors[2]


def test_what_is_missing_fills_the_models_own_batches(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m", embed_batch_size=3), spot)
    model.get_text_embedding_batch([str(number) for number in range(0, 12, 2)])
    asked.clear()
    model.get_text_embedding_batch([str(number) for number in range(12)])
    assert asked == [["1", "3", "5"], ["7", "9", "11"]]


async def test_all_ways_to_ask_for_a_text_share_its_vector(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    first = model.get_text_embedding("word")
    assert await model.aget_text_embedding("word") == first
    assert model.get_text_embedding_batch(["word"]) == [first]
    assert await model.aget_text_embedding_batch(["word", "word"]) == [first, first]
    assert model([TextNode(text="word")])[0].embedding == first
    assert asked == [["word"]]


async def test_a_query_is_not_taken_for_a_text(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    text, query = model.get_text_embedding("word"), model.get_query_embedding("word")
    assert text != query
    assert await model.aget_query_embedding("word") == query
    assert model.get_agg_embedding_from_queries(["word", "word"]) == query
    assert asked == [["word"], "word"]


def test_models_settings_and_namespaces_do_not_mix(spot: Spot, asked: list[Any]) -> None:
    models = [
        Lengths(model_name="m"),
        Lengths(model_name="n"),
        Lengths(model_name="m", dimensions=4),
        Odd(model_name="m"),
    ]
    for model in models:
        cache_embedding(model, spot).get_text_embedding("a")
    cache_embedding(Lengths(model_name="m"), spot, namespace="tenant").get_text_embedding("a")
    assert len(asked) == 5
    changed = cache_embedding(Lengths(model_name="m"), spot)
    changed.dimensions = 6
    assert len(changed.get_text_embedding("a")) == 6


def test_how_texts_are_sent_and_who_pays_make_no_other_key(spot: Spot, asked: list[Any]) -> None:
    cache_embedding(Lengths(model_name="m"), spot).get_text_embedding("a")
    cache_embedding(Lengths(model_name="m", embed_batch_size=7, num_workers=2), spot).get_text_embedding("a")
    assert len(asked) == 1


def test_only_misses_ask_the_limiter(spot: Spot, counter: Any) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    model.get_text_embedding_batch(["a", "b"])
    model.rate_limiter = counter
    model.get_text_embedding_batch(["a", "b"])
    asyncio.run(model.aget_text_embedding_batch(["a", "b"]))
    model.get_text_embedding("a")
    assert counter.acquired == 0
    model.get_text_embedding_batch(["a", "c"])
    asyncio.run(model.aget_text_embedding_batch(["a", "d"]))
    model.get_query_embedding("a")
    assert counter.acquired == 3


def test_vectors_come_back_to_the_last_bit_and_in_their_types(spot: Spot) -> None:
    given = {"half": [0.5, -0.0], "third": [1 / 3, 2e300], "whole": [1, 2], "bits": [True, 0.5]}
    model = cache_embedding(Odd(model_name="m", gives=given, dimensions=2), spot)
    for text, vector in given.items():
        assert model.get_text_embedding(text) == model.get_text_embedding(text) == vector
        assert [*map(repr, model.get_text_embedding(text))] == [*map(repr, vector)]
    assert len(packed([0.5] * 100)) == 401
    assert len(packed([1 / 3] * 100)) == 801


@pytest.mark.parametrize("data", [b"", b"f", b"f123", b"d1234", b"x1234", None, "text", []])
def test_what_is_no_vector_is_damaged(data: Any) -> None:
    serializer = VectorSerializer(MsgpackSerializer())
    with pytest.raises(DamagedEntryError, match="ask the model again"):
        serializer.loads(serializer.dumps(data))


@pytest.mark.parametrize("bad", [[math.nan, 1.0], [math.inf], [], None, ["a"]], ids=repr)
def test_a_bad_vector_is_returned_and_not_kept(spot: Spot, asked: list[Any], bad: Any) -> None:
    model = cache_embedding(Odd(model_name="m", gives={"bad": bad}), spot)
    with pytest.warns(CacheSaveWarning, match="gave 1 of 2 vectors"):
        assert model._get_text_embeddings(["bad", "good"])[0] is bad
    model._get_text_embeddings(["bad", "good"])
    assert asked == [["bad", "good"], ["bad"]]


class Untold(Lengths):
    """Has dimensions of which nothing tells."""

    dimensions: int = Field(default=3, exclude=True)


def test_beside_a_model_id_the_settings_count_that_have_content(spot: Spot, asked: list[Any]) -> None:
    for dimensions in (3, 4, 3):
        model = cache_embedding(Lengths(dimensions=dimensions), spot, model_id="m")
        assert len(model.get_text_embedding("a")) == dimensions
    assert len(asked) == 2


def test_kept_vectors_of_other_dimensions_are_computed_again(spot: Spot, asked: list[Any]) -> None:
    cache_embedding(Untold(dimensions=3), spot, model_id="m").get_text_embedding("a")
    other = cache_embedding(Untold(dimensions=4), spot, model_id="m")
    with pytest.warns(CacheReadWarning, match="other dimensions"):
        vectors = other.get_text_embedding_batch(["a", "b"])
    assert [len(vector) for vector in vectors] == [4, 4]


class Short(Lengths):
    """Loses the last text of each batch."""

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return super()._get_text_embeddings(texts)[:-1]

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._get_text_embeddings(texts)


def test_a_model_that_gives_too_few_vectors_is_passed_through_and_nothing_kept(spot: Spot) -> None:
    model = cache_embedding(Short(model_name="m"), spot)
    assert len(model.get_text_embedding_batch(["a", "b", "c"])) == 2
    assert len(asyncio.run(model.aget_text_embedding_batch(["a", "b"]))) == 1
    assert rows(spot) == []


class Failing(Lengths):
    """Fails at the text `bad`, with an error of its own."""

    def vector(self, text: str) -> list[float]:
        if text == "bad":
            raise OSError("the provider's own words")
        return super().vector(text)


def test_the_models_error_passes_and_what_came_before_it_is_kept(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Failing(model_name="m", embed_batch_size=2), spot)
    with pytest.raises(OSError, match="the provider's own words"):
        model.get_text_embedding_batch(["a", "b", "bad", "c"])
    asked.clear()
    model.get_text_embedding_batch(["a", "b", "c"])
    assert asked == [["c"]]


def test_a_time_to_live_ends_and_tags_delete(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot, ttl="1h", tags=("docs",))
    model.get_text_embedding_batch(["a", "b"])
    assert spot.invalidate(tags=("docs",)) == 2
    model.get_text_embedding("a")
    spot.parts.clock.advance(3601)  # type: ignore[attr-defined] - a frozen one
    model.get_text_embedding("a")
    assert asked == [["a", "b"], ["a"], ["a"]]


def test_rows_and_counts_are_filed_under_class_and_model(spot: Spot) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    model.get_text_embedding_batch(["a", "b"])
    model.get_text_embedding_batch(["a", "b", "c"])
    assert set(rows(spot)) == {"llama_index.Lengths.m"}
    info = spot.parts.journal.tally("llama_index.Lengths.m").info()
    assert (info.hits, info.misses) == (2, 3)


def test_policies_refresh_read_only_off_and_replay(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    with cache_policy("read_only"):
        model.get_text_embedding("a")
    with cache_policy("replay_only"), pytest.raises(ReplayMiss, match=r"llama_index\.Lengths\.m"):
        model.get_text_embedding_batch(["a"])
    model.get_text_embedding("a")
    for mode in ("refresh", "off"):
        with cache_policy(mode):
            model.get_text_embedding_batch(["a"])
    with cache_policy("replay_only"):
        model.get_text_embedding_batch(["a"])
    assert asked == [["a"]] * 4


def test_a_copy_is_pickled_by_its_place_and_copied_with_its_cache(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    vector = model.get_text_embedding("a")
    for other in (
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
        cache_embedding(model, spot),
    ):
        assert isinstance(other, Lengths)
        assert other.get_text_embedding("a") == vector
    assert asked == [["a"]]


def test_a_model_that_nothing_names_is_refused_with_the_way_out(spot: Spot) -> None:
    model = Lengths()
    model._hidden = object()
    with pytest.raises(ConfigurationError, match="give model_id="):
        cache_embedding(model, spot)
    assert cache_embedding(model, spot, model_id="mine").get_text_embedding("a")
    assert rows(spot) == ["llama_index.Lengths.mine"]


def test_a_model_within_another_counts_by_its_own_settings(spot: Spot, asked: list[Any]) -> None:
    for name in ("m", "n", "m"):
        adapter = Lengths(model_name="adapter")
        adapter._hidden = Lengths(model_name=name)
        cache_embedding(adapter, spot).get_text_embedding("a")
    assert len(asked) == 2


def test_what_a_model_of_the_users_hides_tells_it_from_others(spot: Spot, asked: list[Any]) -> None:
    for hidden in ("query: ", "passage: ", "query: "):
        model = Lengths(model_name="m")
        model._hidden = hidden
        cache_embedding(model, spot).get_text_embedding("a")
    assert len(asked) == 2


def test_a_model_that_its_calls_change_is_told_once(spot: Spot) -> None:
    class Counting(Lengths):
        def _get_text_embedding(self, text: str) -> list[float]:
            self._hidden = (self._hidden or 0) + 1
            return super()._get_text_embedding(text)

    model = cache_embedding(Counting(model_name="m"), spot)
    with pytest.warns(CacheWarning, match=r"changed while it was asked, by its own code \('_hidden'\)"):
        model.get_text_embedding("a")
    assert model.get_text_embedding("a")


def test_a_client_of_the_users_own_is_no_mere_carrier(spot: Spot) -> None:
    class Remote(Lengths):
        client: Any = None

    for model in (Remote(model_name="m", client=object()), Lengths(model_name="m")):
        model._hidden = model.client if isinstance(model, Remote) else object()
        with pytest.raises(ConfigurationError, match="give model_id="):
            cache_embedding(model, spot)


def test_a_setting_that_is_changed_to_an_object_goes_past_the_cache(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    model.headers = object()
    with pytest.warns(CacheSaveWarning, match="give model_id="):
        model.get_text_embedding("a")
    assert model.get_text_embedding_batch(["a"]) == asyncio.run(model.aget_text_embedding_batch(["a"]))
    assert (len(asked), rows(spot)) == (3, [])


def test_a_damaged_vector_is_computed_again(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    model.get_text_embedding("a")
    (task,) = spot.parts.store.db.find(TaskFilter())
    spot.parts.store.db.put(task._replace(result_data=b"\xc4\x02f1", checksum=None))
    with pytest.warns(CacheReadWarning, match="ask the model again"):
        model.get_text_embedding("a")
    assert len(asked) == 2


@pytest.mark.parametrize("wrong", [{"mode": "always"}, {"ttl": "soon"}, {"tags": "one"}])
def test_a_wrong_option_is_refused_where_it_is_given(spot: Spot, wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        cache_embedding(Lengths(model_name="m"), spot, **wrong)
    with pytest.raises(ConfigurationError, match="embed_model got"):
        cache_embedding("local", spot)  # type: ignore[type-var] - what users try


async def test_observers_hear_one_pair_for_each_batch_and_whether_it_was_kept(spot: Spot, hearing: Any) -> None:
    model = cache_embedding(Lengths(model_name="m"), spot)
    with hearing() as heard:
        model.get_text_embedding_batch(["a", "b"])
        model.get_text_embedding_batch(["a", "c"])
        await model.aget_text_embedding_batch(["a", "b"])
        model.get_query_embedding("a")
        model.get_query_embedding("a")
    ends = [event for event in heard.events if event.class_name() == "EmbeddingEndEvent"]
    assert heard.names.count("EmbeddingStartEvent") == len(ends)
    assert [(event.chunks, event.tags["cache_hit"]) for event in ends] == [
        (["a", "b"], False), (["a"], True), (["c"], False), (["a", "b"], True), (["a"], False), (["a"], True),
    ]  # fmt: skip


class Pictures(MultiModalEmbedding, Lengths):
    """Embeds an image as the length of its bytes."""

    def _get_image_embedding(self, img_file_path: Any) -> list[float]:
        ASKED.append(img_file_path)
        data = img_file_path.getvalue() if isinstance(img_file_path, io.BytesIO) else Path(img_file_path).read_bytes()
        return [float(len(data))]

    async def _aget_image_embedding(self, img_file_path: Any) -> list[float]:
        return self._get_image_embedding(img_file_path)


async def test_an_image_is_known_by_its_content(spot: Spot, tmp_path: Path, asked: list[Any]) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    model = cache_embedding(Pictures(model_name="m"), spot)
    images = [str(tmp_path / "a.png"), io.BytesIO(b"png"), io.BytesIO(b"more")]
    assert model.get_image_embedding_batch(images) == [[3.0], [3.0], [4.0]]
    assert await model.aget_image_embedding_batch(images) == [[3.0], [3.0], [4.0]]
    (tmp_path / "a.png").write_bytes(b"other")
    assert model.get_image_embedding(images[0]) == await model.aget_image_embedding(images[0]) == [5.0]
    assert len(asked) == 3
    with pytest.raises(FileNotFoundError):
        model.get_image_embedding("gone.png")


class Sparse(BaseSparseEmbedding):
    """Embeds a text as its letters."""

    def _get_text_embedding(self, text: str) -> dict[int, float]:
        ASKED.append(text)
        return {ord(letter): 1 / 3 for letter in text}

    async def _aget_text_embedding(self, text: str) -> dict[int, float]:
        return self._get_text_embedding(text)

    def _get_query_embedding(self, query: str) -> dict[int, float]:
        return {0: 1.0, **self._get_text_embedding(query)}

    async def _aget_query_embedding(self, query: str) -> dict[int, float]:
        return self._get_query_embedding(query)


async def test_sparse_vectors_are_kept_alike(spot: Spot, asked: list[Any]) -> None:
    model = cache_embedding(Sparse(model_name="s"), spot)
    vectors = model.get_text_embedding_batch(["ab", "", "ab"])
    assert vectors == [{97: 1 / 3, 98: 1 / 3}, {}, {97: 1 / 3, 98: 1 / 3}]
    assert await model.aget_text_embedding_batch(["ab", "", "ab"]) == vectors
    assert model.get_query_embedding("ab") == await model.aget_query_embedding("ab")
    assert asked == ["ab", "", "ab"]
    assert isinstance(pickle.loads(pickle.dumps(model)), Sparse)
