"""A document store, an index store and a reranker's results in one file, for every run and every process."""

from llama_index.callbacks.beautyspot import BeautySpotKVStore, cache_postprocessor
from llama_index.core.data_structs import IndexDict
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import Document, NodeWithScore, QueryBundle
from llama_index.core.storage.docstore.keyval_docstore import KVDocumentStore
from llama_index.core.storage.index_store.keyval_index_store import KVIndexStore

PLACE = ".beautyspot/store.db"


class Words(BaseNodePostprocessor):
    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        """Rank nodes by the words that they share with the query; stands for a model that is slow and paid."""
        print("  the reranker is asked")
        words = set(query_bundle.query_str.split() if query_bundle else ())
        scored = [NodeWithScore(node=each.node, score=len(words & set(each.get_content().split()))) for each in nodes]
        return sorted(scored, key=lambda each: each.score or 0, reverse=True)


if __name__ == "__main__":
    store = BeautySpotKVStore(PLACE)
    documents, indexes = KVDocumentStore(store, batch_size=100), KVIndexStore(store)
    texts = ("a wire and a bird", "black clothes", "the moving scenery")
    documents.add_documents([Document(id_=f"text {place}", text=text) for place, text in enumerate(texts)])
    indexes.add_index_struct(IndexDict(index_id="plays"))
    print(f"{len(documents.docs)} documents, index {indexes.index_structs()[0].index_id!r}")

    ranker = cache_postprocessor(Words(), PLACE)
    for _ in range(2):
        found = [NodeWithScore(node=document) for document in documents.docs.values()]
        print(ranker.postprocess_nodes(found, query_str="who wears black clothes")[0].get_content())
