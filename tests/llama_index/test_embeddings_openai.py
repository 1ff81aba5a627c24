"""The embedding model of OpenAI's own package behind a server, and a real small model on real documents."""

import asyncio
import os
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import BeautySpotKVStore, CachedTransformation, cache_embedding
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.schema import BaseNode, Document
from llama_index.core.storage.docstore.keyval_docstore import KVDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.embeddings.openai import OpenAIEmbedding
from openai import APIConnectionError, RateLimitError
from pydantic import Field
from servers.openai_api import HANG_UP, OpenAIAPI

ROOT = Path(__file__).parents[2]
# LlamaIndex imports it where it is installed, to see whether a model is one of LangChain's.
pytestmark = pytest.mark.filterwarnings("ignore:.*langchain-community.*:DeprecationWarning")


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    spot = Spot("o", db=tmp_path / "o.db", storage=tmp_path / "blobs")
    yield spot
    spot.shutdown()


def openai(api: OpenAIAPI, **options: Any) -> OpenAIEmbedding:
    return OpenAIEmbedding(
        **{"model": "text-embedding-3-small", "api_base": api.url, "api_key": "sk-secret", "max_retries": 0, **options}
    )


def sent(api: OpenAIAPI) -> list[list[str]]:
    return [request.body["input"] for request in api.requests]


async def test_openais_own_class_asks_the_api_for_each_text_once(spot: Spot, openai_api: OpenAIAPI) -> None:
    model = cache_embedding(openai(openai_api), spot)
    assert isinstance(model, OpenAIEmbedding)
    plain = openai(openai_api).get_text_embedding_batch(["a", "b"])
    openai_api.reset()
    assert model.get_text_embedding_batch(["a", "b", "a"])[:2] == plain
    assert await model.aget_text_embedding_batch(["b", "c"]) == [plain[1], model.get_text_embedding("c")]
    assert model.get_query_embedding("a") == await model.aget_query_embedding("a")
    assert sent(openai_api) == [["a", "b"], ["c"], ["a"]]


def test_neither_keys_nor_rows_hold_the_api_key(spot: Spot, openai_api: OpenAIAPI, tmp_path: Path) -> None:
    cache_embedding(openai(openai_api, default_headers={"authorization": "sk-secret"}), spot).get_text_embedding("a")
    cache_embedding(openai(openai_api, api_key="sk-other", timeout=5, max_retries=1), spot).get_text_embedding("a")
    spot.flush()
    assert openai_api.calls == 1
    assert b"sk-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_dimensions_and_modes_of_openai_are_told_apart(spot: Spot, openai_api: OpenAIAPI) -> None:
    for options in ({}, {"dimensions": 4}, {"model": "text-embedding-3-large"}, {"api_base": f"{openai_api.url}/"}):
        cache_embedding(openai(openai_api, **options), spot).get_text_embedding("a")
    for mode in ("similarity", "text_search"):
        cache_embedding(openai(openai_api, model="davinci", mode=mode), spot).get_text_embedding("a")
    assert openai_api.calls == 6


@pytest.mark.parametrize(("fault", "error"), [(429, RateLimitError), (HANG_UP, APIConnectionError)])
def test_the_providers_error_passes_and_nothing_is_kept(
    spot: Spot, openai_api: OpenAIAPI, fault: Any, error: type[Exception]
) -> None:
    model = cache_embedding(openai(openai_api), spot)
    openai_api.fail(fault)
    with pytest.raises(error):
        model.get_text_embedding("a")
    assert list(spot.parts.store.db.find(TaskFilter())) == []
    openai_api.fail(fault)
    with pytest.raises(error):
        asyncio.run(model.aget_text_embedding_batch(["a"]))
    assert model.get_text_embedding("a") == model.get_text_embedding("a")


def test_another_process_gets_the_same_model_with_its_cache(spot: Spot, openai_api: OpenAIAPI) -> None:
    model = cache_embedding(openai(openai_api, dimensions=4), spot)
    vector = model.get_text_embedding("a")
    other = pickle.loads(pickle.dumps(model))
    assert isinstance(other, OpenAIEmbedding)
    assert (other.get_text_embedding("a"), other.get_query_embedding("a")) == (vector, model.get_query_embedding("a"))
    assert openai_api.calls == 2


def test_a_token_counter_sees_each_text_once_whether_kept_or_not(spot: Spot, openai_api: OpenAIAPI) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    model = cache_embedding(openai(openai_api, callback_manager=CallbackManager([counter])), spot)
    model.get_text_embedding_batch(["one two", "three"])
    assert counter.total_embedding_token_count == 3
    model.get_text_embedding_batch(["one two", "three", "four"])
    assert counter.total_embedding_token_count == 7


def test_an_index_is_built_and_asked_again_without_a_call(spot: Spot, openai_api: OpenAIAPI) -> None:
    documents = [Document(text=f"text {number}") for number in range(5)]
    for _ in range(2):
        model = cache_embedding(openai(openai_api), spot)
        chain = [CachedTransformation(MarkdownNodeParser(), spot), model]
        index = VectorStoreIndex.from_documents(documents, transformations=chain, embed_model=model)
        answer = index.as_query_engine(llm=MockLLM(), similarity_top_k=2).query("text 3")
        assert len(answer.source_nodes) == 2
    assert len(sent(openai_api)) == 2  # five texts in one batch, and one query


class WordLlama(BaseEmbedding):
    """The model that the package of that name carries, which runs offline."""

    batches: list[int] = Field(default_factory=list, exclude=True)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        self.batches.append(len(texts))
        return _weights().embed(texts).tolist()

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


_loaded: list[Any] = []


def _weights() -> Any:
    if not _loaded:
        import wordllama

        _loaded.append(wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True))
    return _loaded[0]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    if "CI" not in os.environ:
        pytest.importorskip("wordllama", reason="its wheel is missing here")
    paths = [*sorted((ROOT / "docs" / "decisions").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    return [Document(id_=path.name, text=path.read_text("utf-8"), metadata={"file": path.name}) for path in paths]


def ingest(
    documents: Sequence[Document], spot: Spot, *, workers: int | None = None, asynchronous: bool = False
) -> tuple[Sequence[BaseNode], int]:
    """Return the nodes, and how many texts the model was asked for."""
    model = WordLlama(model_name="wordllama-256")
    chain = [CachedTransformation(MarkdownNodeParser(), spot), CachedTransformation(model, spot)]
    pipeline = IngestionPipeline(transformations=chain, disable_cache=True)
    given = [document.model_copy(deep=True) for document in documents]
    if asynchronous:
        return asyncio.run(pipeline.arun(documents=given)), sum(model.batches)
    return pipeline.run(documents=given, num_workers=workers), sum(model.batches)  # type: ignore[arg-type] - a list


def test_real_documents_are_split_and_embedded_once(spot: Spot, documents: list[Document]) -> None:
    made, asked = ingest(documents, spot)
    assert len(made) > len(documents) > 20
    assert 0 < asked <= len(made)
    again, asked_again = ingest(documents, spot, asynchronous=True)
    assert (again, asked_again) == (made, 0)
    changed = [*documents[:-1], documents[-1].model_copy(deep=True)]
    changed[-1].set_content(documents[-1].text + "\n\n# A new part\n\nOf one more line.")
    last, asked_for_one = ingest(changed, spot)
    assert asked_for_one == 1
    assert [node.node_id for node in last[: len(made) // 2]] == [node.node_id for node in made[: len(made) // 2]]


def test_the_nearest_text_is_found_with_kept_vectors(spot: Spot, documents: list[Document]) -> None:
    nodes, _ = ingest(documents, spot)
    model = cache_embedding(WordLlama(model_name="wordllama-256"), spot)
    index = VectorStoreIndex(list(nodes), embed_model=model)
    wanted = max(nodes, key=lambda node: len(node.get_content()))
    (found,) = index.as_retriever(similarity_top_k=1).retrieve(wanted.get_content())
    assert found.node.node_id == wanted.node_id


def test_the_whole_of_ingestion_stands_on_one_file(spot: Spot, documents: list[Document]) -> None:
    store = BeautySpotKVStore(spot)
    vectors = SimpleVectorStore()

    def run() -> Sequence[BaseNode]:
        chain = [MarkdownNodeParser(), WordLlama(model_name="wordllama-256")]
        pipeline = IngestionPipeline(
            transformations=chain,
            cache=IngestionCache(cache=store),
            docstore=KVDocumentStore(store),
            vector_store=vectors,
        )
        return pipeline.run(documents=[document.model_copy(deep=True) for document in documents])

    assert len(run()) > len(documents)
    assert len(run()) == 0  # the document store knows every hash
    store.clear("docstore/metadata")
    assert len(run()) > len(documents)
    assert store.stats().hits > 0
