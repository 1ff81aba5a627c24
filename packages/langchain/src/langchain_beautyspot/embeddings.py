"""Embeddings that are computed once per text, and kept as 32-bit floats."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from beautyspot.checks import expect
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheSaveWarning, ConfigurationError
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened, portable
from langchain_core.embeddings import Embeddings

from langchain_beautyspot.entries import namespace_of
from langchain_beautyspot.vectors.batch import DOCUMENT, QUERY, Batch, Shelf
from langchain_beautyspot.vectors.embedder import WatchedModel
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
        batch_size: int | None = None,
    ) -> None:
        """Stand in front of `embeddings`.

        Args:
            embeddings: What computes the vectors.
            place: A Spot, a file's path, or a database's URL.
            model: What tells the model from others that are kept there; None for its class and its settings as they
                are at each call. A plain class is looked at once, and again when its model's name changes.
            namespace: Part of every key, so that what one tenant keeps is nothing to another.
            ttl: How long a vector is a hit; None for ever.
            batch_size: Texts that are asked for and kept at a time, so that a failure costs no more than these; None
                for the model's `chunk_size`, and for all at once where it has none.

        Raises:
            ConfigurationError: nothing tells the model from others, or an argument is wrong.
        """
        is_model = isinstance(embeddings, Embeddings)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_model, "embeddings", embeddings, "an Embeddings object, then the place")
        expect(model is None or isinstance(model, str), "model", model, "a text that tells it from other models")  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(batch_size is None or _is_count(batch_size), "batch_size", batch_size, "a number of texts from 1")
        self.embeddings = embeddings
        self._made_by = place, {"model": model, "namespace": namespace, "ttl": ttl, "batch_size": batch_size}
        spot = opened(place)
        ttl_s = None if ttl is None else seconds(ttl)
        self._rows, self._clock = LenientRows(spot.parts, "LangChain"), spot.parts.clock
        self._model = WatchedModel(embeddings, model)
        self._shelf = Shelf(self._model.now(), namespace_of(namespace), ttl_s, spot.parts.store.notices)
        self._batch_size = batch_size

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
        batch = self._batch(texts, kind)
        if batch is None:
            return embed(texts)
        self._rows.count(batch.func_name, *batch.fill(self._rows.read(batch.keys)))
        while wanted := batch.wanted(self._most()):
            start_s = self._clock.monotonic()
            vectors = embed(wanted)
            self._rows.keep(batch.take(vectors, len(wanted), self._clock.monotonic() - start_s))
        return batch.vectors()

    async def _embed_async(self, texts: list[str], kind: str, embed: EmbedAsync) -> list[Vector]:
        batch = self._batch(texts, kind)
        if batch is None:
            return await embed(texts)
        self._rows.count(batch.func_name, *batch.fill(await self._rows.read_async(batch.keys)))
        while wanted := batch.wanted(self._most()):
            start_s = self._clock.monotonic()
            vectors = await embed(wanted)
            await self._rows.keep_async(batch.take(vectors, len(wanted), self._clock.monotonic() - start_s))
        return batch.vectors()

    def _batch(self, texts: list[str], kind: str) -> Batch | None:
        """Return the batch of these texts; None where the model was changed to what no key can be made of."""
        try:
            return Batch(self._shelf._replace(embedder=self._model.now()), texts, kind)
        except ConfigurationError as error:
            told = f"{error}; until then its vectors are not kept"
            self._shelf.notices.tell((self._shelf.func_name, "settings"), told, CacheSaveWarning)
            return None

    def _most(self) -> int | None:
        """Return how many texts to ask for at a time."""
        chunk_size = getattr(self.embeddings, "chunk_size", None)
        return self._batch_size or (chunk_size if _is_count(chunk_size) else None)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
