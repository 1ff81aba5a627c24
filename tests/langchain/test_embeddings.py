"""Embeddings that are computed once per text."""

import math
import pickle
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from beautyspot import CacheReadWarning, CacheSaveWarning, ConfigurationError, Spot
from beautyspot.records import TaskFilter
from langchain_beautyspot import CachedEmbeddings
from langchain_beautyspot.vectors.embedder import WatchedModel
from langchain_beautyspot.vectors.numbers import packed, unpacked
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_openai import OpenAIEmbeddings
from pydantic import BaseModel, ConfigDict, SecretStr
from servers.openai_api import OpenAIAPI


class Counting(Embeddings):
    """Embeds a text as its length, and notes what it was asked."""

    def __init__(self, model: str = "m", size: int = 3) -> None:
        self.model, self.size = model, size
        self.asked: list[Any] = []

    def vector(self, text: str) -> list[float]:
        return [len(text) / 3] * self.size

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(list(texts))
        return [self.vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.asked.append(text)
        return self.vector(text)


def asked(embeddings: CachedEmbeddings) -> list[Any]:
    return embeddings.embeddings.asked  # type: ignore[attr-defined]


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("e", db=tmp_path / "e.db", storage=tmp_path / "blobs")


def test_pickled_embeddings_find_what_was_kept(tmp_path: Path) -> None:
    embeddings = CachedEmbeddings(Counting(), tmp_path / "e.db", model="m", namespace="a")
    embeddings.embed_documents(["a", "b"])
    copy: CachedEmbeddings = pickle.loads(pickle.dumps(embeddings))
    copy.embed_documents(["b", "c"])
    assert asked(copy) == [["a", "b"], ["c"]]


@pytest.mark.parametrize("wrong", [{"model": 1}, {"namespace": None}, {"ttl": "a while"}, {"embeddings": "a.db"}])
def test_a_wrong_argument_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"embeddings": Counting(), "place": tmp_path / "e.db"}
    with pytest.raises(ConfigurationError, match="give"):
        CachedEmbeddings(**right | wrong)


def test_a_batch_asks_for_each_unknown_text_once(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    embeddings.embed_documents(["a", "bb"])
    vectors = embeddings.embed_documents(["ccc", "a", "ccc", "bb"])
    assert asked(embeddings) == [["a", "bb"], ["ccc"]]
    assert [round(vector[0] * 3) for vector in vectors] == [3, 1, 3, 2]
    assert vectors[0] is not vectors[2]


def test_the_first_call_gives_what_each_later_one_gives(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    first = embeddings.embed_documents(["a"])
    assert embeddings.embed_documents(["a"]) == first
    assert first == [unpacked(packed([1 / 3] * 3))]


def test_a_query_is_no_document(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    for _ in range(2):
        embeddings.embed_documents(["a"])
        embeddings.embed_query("a")
    assert asked(embeddings) == [["a"], "a"]


async def test_both_colours_share_what_is_kept(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    assert await embeddings.aembed_documents(["a", "b"]) == embeddings.embed_documents(["a", "b"])
    assert await embeddings.aembed_query("a") == embeddings.embed_query("a")
    assert asked(embeddings) == [["a", "b"], "a"]


def test_no_text_asks_nobody(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    assert embeddings.embed_documents([]) == []
    assert asked(embeddings) == []


@pytest.mark.parametrize("others", [{"model": "n"}, {"namespace": "b"}])
def test_models_and_namespaces_are_apart(spot: Spot, others: dict[str, str]) -> None:
    CachedEmbeddings(Counting(), spot, model="m").embed_query("a")
    embeddings = CachedEmbeddings(Counting(), spot, **{"model": "m", **others})
    embeddings.embed_query("a")
    assert asked(embeddings) == ["a"]


def test_settings_that_change_vectors_tell_models_apart_and_others_do_not(spot: Spot) -> None:
    def func_and_identity(**settings: Any) -> Any:
        return CachedEmbeddings(OpenAIEmbeddings(api_key="k", **settings), spot)._shelf.embedder  # type: ignore[arg-type]

    first = func_and_identity(model="text-embedding-3-small")
    assert first.func_name == "langchain.embeddings.text-embedding-3-small"
    assert func_and_identity(model="text-embedding-3-small", chunk_size=5, max_retries=9) == first
    assert func_and_identity(model="text-embedding-3-small", dimensions=8) != first
    assert b"sk-" not in first.identity


def test_a_model_in_front_of_another_is_told_by_that_one(spot: Spot) -> None:
    class Prefixing(Counting):
        def __init__(self, inner: Embeddings) -> None:
            super().__init__()
            self.inner = inner

    counts: list[int] = []
    for size in (3, 4, 3):
        embeddings = CachedEmbeddings(Prefixing(DeterministicFakeEmbedding(size=size)), spot)
        embeddings.embed_query("a")
        counts.append(len(asked(embeddings)))
    assert counts == [1, 1, 0]


class Described(BaseModel, Embeddings):
    """Embeds a text as what it was made with says."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    model: str = "m"
    encode_kwargs: dict[str, Any] = {}
    keyword: str = ""
    secret_key: str = ""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [len(self.model), len(self.keyword), len(str(self.encode_kwargs))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"encode_kwargs": {"half": True, "of": np.float16}}, {"encode_kwargs": {"half": False, "of": np.float16}}),
        ({"encode_kwargs": {"of": np.float16}}, {"encode_kwargs": {"of": np.float32, "more": [1]}}),
        ({"encode_kwargs": {"at": slice(1)}}, {"encode_kwargs": {"at": slice(10)}}),
        ({"keyword": "ab"}, {"keyword": "a"}),
    ],
)
def test_a_setting_of_any_kind_and_name_tells_models_apart(
    spot: Spot, first: dict[str, Any], second: dict[str, Any]
) -> None:
    vectors = [CachedEmbeddings(Described(**each), spot).embed_query("a") for each in (first, second)]
    assert vectors == [Described(**each).embed_query("a") for each in (first, second)]
    assert len([*spot.parts.store.db.find(TaskFilter())]) == 2
    CachedEmbeddings(Described(**first, secret_key="sk-1"), spot).embed_query("a")
    assert len([*spot.parts.store.db.find(TaskFilter())]) == 2


def test_a_setting_that_does_not_say_what_it_is_is_refused(spot: Spot) -> None:
    with pytest.raises(ConfigurationError, match=r"encode_kwargs\['at'\].* holds 'builtins.object'.*; give Cached"):
        CachedEmbeddings(Described(encode_kwargs={"at": object()}), spot)


def test_a_model_that_was_changed_computes_anew(spot: Spot) -> None:
    model = Described()
    embeddings = CachedEmbeddings(model, spot)
    embeddings.embed_query("a")
    model.encode_kwargs["half"] = True
    assert embeddings.embed_query("a") == model.embed_query("a")
    model.model = "other"
    assert embeddings.embed_query("a") == model.embed_query("a")
    assert {task.func_name for task in spot.parts.store.db.find(TaskFilter())} == {
        "langchain.embeddings.m",
        "langchain.embeddings.other",
    }


def test_a_model_that_was_changed_to_what_no_key_can_be_made_of_is_asked_each_time(spot: Spot) -> None:
    model = Described()
    embeddings = CachedEmbeddings(model, spot)
    model.encode_kwargs["at"] = object()
    with pytest.warns(CacheSaveWarning, match="until then its vectors are not kept"):
        assert embeddings.embed_query("a") == model.embed_query("a")
    assert [*spot.parts.store.db.find(TaskFilter())] == []


def test_a_model_that_shows_nothing_must_be_named(spot: Spot) -> None:
    class Opaque(Counting):
        def __init__(self) -> None:
            self.session = object()

    with pytest.raises(ConfigurationError, match="give CachedEmbeddings"):
        CachedEmbeddings(Opaque(), spot)


def test_what_is_no_number_is_returned_and_not_kept(spot: Spot) -> None:
    class Broken(Counting):
        def vector(self, text: str) -> list[float]:
            return [math.nan, 1.0] if text == "bad" else [1.0, 2.0]

    embeddings = CachedEmbeddings(Broken(), spot, model="m")
    with pytest.warns(CacheSaveWarning, match="1 of 2 vectors"):
        assert math.isnan(embeddings.embed_documents(["bad", "good"])[0][0])
    embeddings.embed_documents(["bad", "good"])
    assert asked(embeddings) == [["bad", "good"], ["bad"]]


@pytest.mark.parametrize("odd", [[None, 1.0], "words", [1j, 1.0], [2**200, 1.0], None, []], ids=repr)
def test_an_odd_vector_is_returned_and_costs_no_other(spot: Spot, odd: Any) -> None:
    class Broken(Counting):
        def vector(self, text: str) -> Any:
            return odd if text == "bad" else [1.0, 2.0]

    embeddings = CachedEmbeddings(Broken(), spot, model="m")
    with pytest.warns(CacheSaveWarning, match="1 of 2 vectors"):
        assert embeddings.embed_documents(["bad", "good"]) == [[*odd] if odd else odd, [1.0, 2.0]]
    embeddings.embed_documents(["good"])
    assert asked(embeddings) == [["bad", "good"]]


async def test_what_was_paid_before_a_failure_is_kept(spot: Spot) -> None:
    class Failing(Counting):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if len(self.asked) == 3:
                self.asked.append("failed")
                raise ConnectionError
            return super().embed_documents(texts)

    embeddings = CachedEmbeddings(Failing(), spot, batch_size=2)
    with pytest.raises(ConnectionError):
        await embeddings.aembed_documents([*"abcdefgh"])
    assert len(embeddings.embed_documents([*"abcdefgh"])) == 8
    assert asked(embeddings) == [["a", "b"], ["c", "d"], ["e", "f"], "failed", ["g", "h"]]


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True, "2"])
def test_a_batch_size_that_is_none_is_refused(spot: Spot, batch_size: Any) -> None:
    with pytest.raises(ConfigurationError, match="batch_size"):
        CachedEmbeddings(Counting(), spot, batch_size=batch_size)


def test_vectors_of_another_model_under_the_same_name_are_computed_again(spot: Spot) -> None:
    CachedEmbeddings(Counting(size=3), spot, model="m").embed_documents(["a", "b"])
    embeddings = CachedEmbeddings(Counting(size=4), spot, model="m")
    with pytest.warns(CacheReadWarning, match="other dimensions"):
        vectors = embeddings.embed_documents(["a", "b", "c"])
    assert [len(vector) for vector in vectors] == [4, 4, 4]
    assert asked(embeddings) == [["c"], ["a", "b"]]
    assert [len(vector) for vector in embeddings.embed_documents(["a", "b"])] == [4, 4]


def test_a_model_that_gives_too_few_vectors_is_an_error_and_nothing_is_kept(spot: Spot) -> None:
    class Short(Counting):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return super().embed_documents(texts)[1:]

    embeddings = CachedEmbeddings(Short(), spot, model="m")
    with pytest.raises(ValueError, match="gave 1 vectors where 2 texts"):
        embeddings.embed_documents(["a", "b"])
    assert [*spot.parts.store.db.find(TaskFilter())] == []


def test_a_database_in_trouble_costs_a_warning_and_no_vector(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    embeddings = CachedEmbeddings(Counting(), tmp_path / "file" / "e.db", model="m")
    with pytest.warns((CacheReadWarning, CacheSaveWarning)):
        vectors = embeddings.embed_documents(["a"])
    (tmp_path / "file").unlink()
    assert embeddings.embed_documents(["a"]) == vectors
    assert asked(embeddings) == [["a"]]


def test_hits_and_misses_are_counted_per_text(spot: Spot) -> None:
    embeddings = CachedEmbeddings(Counting(), spot, model="m")
    embeddings.embed_documents(["a", "b"])
    embeddings.embed_documents(["a", "b", "c"])
    info = spot.parts.journal.tally("langchain.embeddings.m").info()
    assert (info.hits, info.misses) == (2, 3)


def test_a_vector_takes_four_bytes_a_number(spot: Spot) -> None:
    CachedEmbeddings(DeterministicFakeEmbedding(size=256), spot).embed_query("a")
    (task,) = spot.parts.store.db.find(TaskFilter())
    assert task.size_bytes == 256 * 4 + 3


@pytest.mark.external_service
async def test_openai_is_asked_once_for_each_text(openai_api: OpenAIAPI, spot: Spot) -> None:
    def embeddings() -> CachedEmbeddings:
        return CachedEmbeddings(
            OpenAIEmbeddings(
                base_url=openai_api.url,
                api_key="k",
                model="text-embedding-3-small",
                check_embedding_ctx_length=False,  # type: ignore[arg-type]
            ),
            spot,
        )

    first = embeddings().embed_documents(["one", "two"])
    assert await embeddings().aembed_documents(["two", "one"]) == first[::-1]
    assert openai_api.calls == 1


@pytest.mark.external_service
def test_headers_that_choose_a_route_tell_models_apart(openai_api: OpenAIAPI, spot: Spot) -> None:
    def model(route: str) -> OpenAIEmbeddings:
        client = httpx.Client(headers={"x-route": route, "x-request-id": route})
        settings = {"base_url": openai_api.url, "api_key": "k", "check_embedding_ctx_length": False}
        return OpenAIEmbeddings(http_client=client, **settings)  # type: ignore[arg-type]

    one = model("a")
    for each in (one, model("a"), model("b")):
        CachedEmbeddings(each, spot).embed_query("one")
    assert openai_api.calls == 2
    embeddings = CachedEmbeddings(one, spot)
    one.http_client.headers["x-route"] = "c"  # type: ignore[union-attr]
    for _ in range(2):
        embeddings.embed_query("one")
    assert openai_api.calls == 3


class Gateway(Counting):
    """Is asked over HTTP, at a route that a header names, with a client that it makes late."""

    def __init__(self, headers: dict[str, str], *, api_key: str = "k") -> None:
        super().__init__()
        self.url, self.headers, self.api_key, self.client = "http://a.test", headers, api_key, None

    def embed_query(self, text: str) -> list[float]:
        self.client: Any = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.api_key}"})
        return super().embed_query(text)


def test_headers_that_are_a_setting_tell_models_apart_but_what_traces_or_proves(spot: Spot) -> None:
    asked: list[int] = []
    for headers in ({"X-Route": "a"}, {"X-Route": "b"}, {"X-Route": "a", "traceparent": "1", "X-Api-Key": "k"}):
        model = Gateway(headers)
        CachedEmbeddings(model, spot).embed_query("a")
        asked.append(len(model.asked))
    assert asked == [1, 1, 0]


def test_headers_that_two_settings_hold_tell_models_apart(spot: Spot) -> None:
    class Merging(Gateway):
        def __init__(self, headers: dict[str, str]) -> None:
            super().__init__(headers)
            self._headers = {"Authorization": f"Bearer {self.api_key}", **headers}

    models = [Merging({"X-Route": route}) for route in "aba"]
    for each in models:
        CachedEmbeddings(each, spot).embed_query("a")
    assert [len(each.asked) for each in models] == [1, 1, 0]


def test_a_model_that_made_its_client_is_what_it_was_and_what_it_is_with_another_key(spot: Spot) -> None:
    model = Gateway({})
    for each in (model, model, Gateway({}), Gateway({}, api_key="other"), model):
        CachedEmbeddings(each, spot).embed_query("a")
    assert model.asked == ["a"]
    assert len([*spot.parts.store.db.find(TaskFilter())]) == 1


def test_headers_of_the_environment_tell_models_apart_and_accounts_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def identity(**environment: str) -> bytes:
        with monkeypatch.context() as now:
            for name, value in environment.items():
                now.setenv(name, value)
            return WatchedModel(OpenAIEmbeddings(api_key=SecretStr("x")), None).now().identity

    assert identity(OPENAI_CUSTOM_HEADERS="x-route: a") != identity()
    assert identity(OPENAI_PROJECT_ID="p", OPENAI_ORG_ID="o") == identity()
    assert identity(OPENAI_BASE_URL="http://a.test/v1") != identity()


def test_a_setting_that_is_an_object_beside_plain_ones_is_refused(spot: Spot) -> None:
    class Loaded(Counting):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.normalize = object(), True

    with pytest.raises(ConfigurationError, match=r"the setting 'model' holds 'builtins.object'.*model='a name"):
        CachedEmbeddings(Loaded(), spot)
    CachedEmbeddings(Loaded(), spot, model="loaded").embed_query("a")


def test_what_a_class_of_the_programs_own_calls_its_client_counts_and_a_hosts_does_not(spot: Spot) -> None:
    class Engine:
        def __init__(self, name: str) -> None:
            self.name = name

    class Asking(Counting):
        def __init__(self, client: object) -> None:
            super().__init__()
            self.name, self._client = "m", client

    one, other = (Asking(Engine(name)) for name in "ab")
    CachedEmbeddings(one, spot).embed_query("a")
    CachedEmbeddings(other, spot).embed_query("a")
    assert len(one.asked) == len(other.asked) == 1
    with pytest.raises(ConfigurationError, match=r"the setting '_client' holds 'builtins.object'.*model='a name"):
        CachedEmbeddings(Asking(object()), spot)
    hosts = (OpenAIEmbeddings(api_key=SecretStr("x"), http_client=httpx.Client(timeout=timeout)) for timeout in (3, 4))
    assert len({WatchedModel(each, None).now() for each in hosts}) == 1
