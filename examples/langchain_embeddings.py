"""Documents that are embedded in ever new batches: each text once, whichever process asks."""

import time

from langchain_beautyspot import CachedEmbeddings
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

TEXTS = ["black clothes", "the moving scenery", "a wire and a bird", "black clothes", "a quick change"]


class Slow(DeterministicFakeEmbedding):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Take its time."""
        print(f"  the model is asked for {len(texts)} of the texts")
        time.sleep(0.2 * len(texts))  # stands for a model that is slow and paid
        return super().embed_documents(texts)


if __name__ == "__main__":
    embeddings = CachedEmbeddings(Slow(size=256), ".beautyspot/embeddings.db", ttl="90d")
    for batch in (TEXTS[:2], TEXTS, TEXTS):
        started = time.perf_counter()
        store = InMemoryVectorStore.from_texts(batch, embeddings)
        print(f"{len(batch)} texts in {time.perf_counter() - started:.2f} s")
    print(store.similarity_search("black clothes", k=1)[0].page_content)
