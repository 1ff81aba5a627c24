"""What do kept vectors and kept ingestions take beside a bare read, and beside LlamaIndex's own store in memory?"""

import random
import sqlite3
from array import array
from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from benchmarks.answers import Answer, Scale, Target, ratio
from benchmarks.interleave import medians_us

COUNT = 1_000
BOUND = "bare IN query + unpack"
SIMPLE = "SimpleKVStore"


def vectors(scale: Scale, folder: str) -> list[Answer]:
    """A thousand texts whose vectors are kept, in one call: of OpenAI's small model's size, and of a smaller one's."""
    if find_spec("llama_index") is None:
        return [Answer("LlamaIndex", "ms", {}, (), "not measured: llama-index-core is not installed")]
    return [_vectors(scale, folder, dimensions) for dimensions in (1536, 256)]


def _vectors(scale: Scale, folder: str, dimensions: int) -> Answer:
    from beautyspot import Spot
    from llama_index.callbacks.beautyspot import cache_embedding
    from llama_index.core.embeddings.mock_embed_model import MockEmbedding

    texts = [f"The text of chunk number {number}, which is as long as a sentence." for number in range(COUNT)]
    given = {text: array("f", (random.random() for _ in range(dimensions))).tolist() for text in texts}

    class Given(MockEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return given[text]

    model = Given(embed_dim=dimensions, model_name="given", embed_batch_size=COUNT)
    spot = Spot("bench", db=f"{folder}/{dimensions}.db", storage=f"{folder}/blobs", memory_bytes=0)
    cached = cache_embedding(model, spot)
    assert cached.get_text_embedding_batch(texts) == list(given.values())
    file = sqlite3.connect(f"{folder}/bare-{dimensions}.db", isolation_level=None)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("CREATE TABLE vectors (key TEXT PRIMARY KEY, data BLOB)")
    rows = [(sha256(text.encode()).hexdigest()[:32], array("f", vector).tobytes()) for text, vector in given.items()]
    file.executemany("INSERT INTO vectors VALUES (?, ?)", rows)

    def bare() -> list[list[float]]:
        keys = [sha256(text.encode()).hexdigest()[:32] for text in texts]
        found: dict[str, bytes] = {}
        for start in range(0, COUNT, 500):
            chunk = keys[start : start + 500]
            found.update(file.execute(f"SELECT * FROM vectors WHERE key IN ({','.join('?' * 500)})", chunk))
        return [array("f", found[key]).tolist() for key in keys]

    assert bare() == cached.get_text_embedding_batch(texts)
    figures = _medians_ms(scale, {BOUND: bare, "beautyspot": lambda: cached.get_text_embedding_batch(texts)})
    file.close()
    spot.shutdown()
    return Answer(
        f"LlamaIndex: {COUNT} embedding hits, {dimensions} numbers each", "ms", figures, (ratio(figures, BOUND, 1.5),)
    )


def ingestion(scale: Scale, folder: str) -> list[Answer]:
    """A pipeline that embeds a thousand nodes, run again with nothing changed; and with one of a hundred changed."""
    if find_spec("llama_index") is None:
        return []
    from llama_index.callbacks.beautyspot import BeautySpotKVStore, CachedTransformation
    from llama_index.core.embeddings.mock_embed_model import MockEmbedding
    from llama_index.core.ingestion import IngestionCache, IngestionPipeline
    from llama_index.core.schema import TextNode

    asked: list[int] = []

    class Given(MockEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            asked.append(len(texts))
            return [[random.random() for _ in range(self.embed_dim)] for _ in texts]

    def nodes(changed: bool = False) -> list[TextNode]:
        texts = [f"The text of chunk number {number}." for number in range(COUNT)]
        texts[7] += " It has changed." * changed
        return [TextNode(id_=str(place), text=text, metadata={"file": "a.md"}) for place, text in enumerate(texts)]

    model = Given(embed_dim=256, model_name="given")
    cached = CachedTransformation(model, f"{folder}/ingestion.db")
    pipelines = {
        SIMPLE: IngestionPipeline(transformations=[model]),
        "beautyspot": IngestionPipeline(transformations=[cached], disable_cache=True),
        "IngestionCache on beautyspot": IngestionPipeline(
            transformations=[model], cache=IngestionCache(cache=BeautySpotKVStore(f"{folder}/store.db"))
        ),
    }
    again: dict[str, int] = {}
    for name, pipeline in pipelines.items():
        pipeline.run(nodes=nodes())
        asked.clear()
        pipeline.run(nodes=nodes(changed=True))
        again[name] = sum(asked)
    runs = {name: (lambda run=pipeline.run: run(nodes=nodes())) for name, pipeline in pipelines.items()}
    figures = _medians_ms(scale, {**runs, "making the nodes alone": nodes})
    return [
        Answer(f"LlamaIndex: ingestion of {COUNT} nodes, all kept", "ms", figures, (ratio(figures, SIMPLE, 1.2),)),
        Answer(
            f"LlamaIndex: one of {COUNT} nodes changed", "texts sent", again, (Target(again["beautyspot"], 1, "text"),)
        ),
    ]


def _medians_ms(scale: Scale, runs: dict[str, Callable[[], Any]]) -> dict[str, float]:
    from benchmarks.interleave import batch_of

    batches = {name: batch_of(run, lambda count: [()] * count) for name, run in runs.items()}
    return {name: us / 1e3 for name, us in medians_us(batches, rounds=scale.slow_rounds, batch_s=0.0).items()}
