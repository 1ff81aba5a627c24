"""Contexts that a model writes for each node from its whole document."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from beautyspot import Spot
from llama_index.callbacks.beautyspot import CachedTransformation, cache_llm
from llama_index.core import Document
from llama_index.core.extractors import DocumentContextExtractor
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import TokenTextSplitter
from llama_index.core.schema import BaseNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from servers.openai_api import OpenAIAPI

pytestmark = [
    pytest.mark.external_service,
    pytest.mark.usefixtures("event_loop_of_thread"),
    # Of the host's own making.
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning"),
]
PER_DOCUMENT = 3


def documents(count: int, changed: Iterable[int] = ()) -> list[Document]:
    """Return documents of three nodes each; of those that changed, only the last node's text did."""
    texts = [
        f"play {place} begins so and it goes on {'else' if place in changed else 'thus'} it ends here"
        for place in range(count)
    ]
    return [Document(text=text, id_=f"play {place}") for place, text in enumerate(texts)]


def pipeline(docs: list[Document], llm: Any, wrap: Callable[[Any], Any]) -> IngestionPipeline:
    store = SimpleDocumentStore()
    store.add_documents(docs)
    splitter = TokenTextSplitter(chunk_size=6, chunk_overlap=0, tokenizer=str.split)
    extractor = DocumentContextExtractor(docstore=store, llm=llm, max_context_length=10**6, num_workers=2)
    return IngestionPipeline(transformations=[splitter, wrap(extractor)], disable_cache=True)


def contexts(nodes: Iterable[BaseNode]) -> list[str]:
    return [node.metadata["context"] for node in nodes]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("cached", ["model", "transformation", "both"])
async def test_a_changed_document_asks_for_its_own_nodes_alone(
    cached: str, is_async: bool, openai: Any, store: Spot, openai_api: OpenAIAPI
) -> None:
    llm = openai() if cached == "transformation" else cache_llm(openai(), store)
    calls: list[int] = []
    for docs in (documents(4), documents(4), documents(4, {1}), documents(5, {1})):
        before = openai_api.calls
        made = pipeline(docs, llm, lambda each: each if cached == "model" else CachedTransformation(each, store))
        nodes = await made.arun(documents=docs) if is_async else made.run(documents=docs)
        assert len(contexts(nodes)) == PER_DOCUMENT * len(docs)
        calls.append(openai_api.calls - before)
    assert calls == [4 * PER_DOCUMENT, 0, PER_DOCUMENT, PER_DOCUMENT]
