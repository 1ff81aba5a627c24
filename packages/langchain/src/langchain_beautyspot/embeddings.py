"""Embeddings that are computed once per text, and kept as 32-bit floats."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from beautyspot.checks import expect
from beautyspot.durations import Duration, seconds
from beautyspot.places import Place, opened, portable
from beautyspot.rows import Rows
from langchain_core.embeddings import Embeddings

from langchain_beautyspot.entries import namespace_of
from langchain_beautyspot.vectors.batch import DOCUMENT, QUERY, Batch, Shelf
from langchain_beautyspot.vectors.embedder import embedder_of
from langchain_beautyspot.vectors.numbers import Vector

Embed = Callable[[list[str]], list[Vector]]
EmbedAsync = Callable[[list[str]], Awaitable[list[Vector]]]


class CachedEmbeddings(Embeddings):
    """Embeds each text once, however often and in whatever batch it comes; the rest of a batch is read.

    ```python
    embeddings = CachedEmbeddings(OpenAIEmbeddings(model="text-embedding-3-small"), "embeddings.db")
    ```

    A vector takes 4 bytes a dimension. What is returned is rounded to 32 bits on the first call too, so that each call
    gives the same. A query is not taken for a document of the same text: many models embed them differently.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        place: Place,
        *,
        model: str | None = None,
        namespace: str = "",
        ttl: Duration | None = None,
    ) -> None:
        """Stand in front of `embeddings`.

        Args:
            embeddings: What computes the vectors.
            place: A Spot, a file's path, or a database's URL.
            model: What tells the model from others that are kept there; None for its class and those of its settings
                that are plain values.
            namespace: Part of every key, so that what one tenant keeps is nothing to another.
            ttl: How long a vector is a hit; None for ever.

        Raises:
            ConfigurationError: nothing tells the model from others, or an argument is wrong.
        """
        is_model = isinstance(embeddings, Embeddings)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_model, "embeddings", embeddings, "an Embeddings object, then the place")
        expect(model is None or isinstance(model, str), "model", model, "a text that tells it from other models")  # pyright: ignore[reportUnnecessaryIsInstance]
        self.embeddings = embeddings
        self._made_by = place, {"model": model, "namespace": namespace, "ttl": ttl}
        spot = opened(place)
        ttl_s = None if ttl is None else seconds(ttl)
        self._rows, self._clock = Rows(spot.parts), spot.parts.clock
        self._shelf = Shelf(embedder_of(embeddings, model), namespace_of(namespace), ttl_s, spot.parts.store.notices)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text."""
        return self._embed(texts, DOCUMENT, self.embeddings.embed_documents)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text to search with."""
        return self._embed([text], QUERY, lambda texts: [self.embeddings.embed_query(texts[0])])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Do as `embed_documents`."""
        return await self._embed_async(texts, DOCUMENT, self.embeddings.aembed_documents)

    async def aembed_query(self, text: str) -> list[float]:
        """Do as `embed_query`."""

        async def embed(texts: list[str]) -> list[Vector]:
            return [await self.embeddings.aembed_query(texts[0])]

        return (await self._embed_async([text], QUERY, embed))[0]

    def __reduce__(self) -> tuple[Any, ...]:
        """Let these embeddings go to another process: there they keep to the same place."""
        place, options = self._made_by
        return partial(CachedEmbeddings, self.embeddings, portable(place), **options), ()

    def _embed(self, texts: list[str], kind: str, embed: Embed) -> list[Vector]:
        batch = Batch(self._shelf, texts, kind)
        self._rows.count(self._shelf.func_name, *batch.fill(self._rows.read(batch.keys)))
        while wanted := batch.wanted():
            start_s = self._clock.monotonic()
            vectors = embed(wanted)
            self._rows.keep(batch.take(vectors, self._clock.monotonic() - start_s))
        return batch.vectors()

    async def _embed_async(self, texts: list[str], kind: str, embed: EmbedAsync) -> list[Vector]:
        batch = Batch(self._shelf, texts, kind)
        self._rows.count(self._shelf.func_name, *batch.fill(await self._rows.read_async(batch.keys)))
        while wanted := batch.wanted():
            start_s = self._clock.monotonic()
            vectors = await embed(wanted)
            await self._rows.keep_async(batch.take(vectors, self._clock.monotonic() - start_s))
        return batch.vectors()
