"""An ingestion that is run again after one document changed: only that is split and embedded anew."""

import time

from llama_index.callbacks.beautyspot import CachedTransformation, cache_embedding
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.schema import Document

PLACE = ".beautyspot/ingestion.db"
PLAYS = [f"# Play {number}\n\nThe curtain rises.\n\n# End of {number}\n\nThe curtain falls." for number in range(50)]


class Slow(MockEmbedding):
    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        """Take its time."""
        print(f"  the model is asked for {len(texts)} texts")
        time.sleep(0.02 * len(texts))  # stands for a model that is slow and paid
        return super()._get_text_embeddings(texts)


def ingest(plays: list[str]) -> None:
    model = cache_embedding(Slow(embed_dim=256, embed_batch_size=50), PLACE)
    pipeline = IngestionPipeline(
        transformations=[CachedTransformation(MarkdownNodeParser(), PLACE), model],
        disable_cache=True,  # LlamaIndex's own, which keys a whole list
    )
    started = time.perf_counter()
    nodes = pipeline.run(documents=[Document(text=play, id_=f"play {place}") for place, play in enumerate(plays)])
    print(f"{len(nodes)} nodes in {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    ingest(PLAYS)
    ingest(PLAYS)
    ingest([PLAYS[0] + "\n\nA bird is seen.", *PLAYS[1:]])
