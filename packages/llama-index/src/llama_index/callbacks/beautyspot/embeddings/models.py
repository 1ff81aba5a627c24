"""`cache_embedding`: a copy of an embedding model, of its own class, that computes each vector once."""

# The methods stand before those of a class that is not known here.
# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar, cast

from beautyspot.checks import expect
from beautyspot.durations import Duration
from beautyspot.places import Place

from llama_index.callbacks.beautyspot.carried import Carried
from llama_index.callbacks.beautyspot.copies import Stand, copy_as, plain
from llama_index.callbacks.beautyspot.embeddings.cache import OnMisses, VectorCache
from llama_index.callbacks.beautyspot.embeddings.embedder import Embedder, identity_of_embedder
from llama_index.callbacks.beautyspot.embeddings.events import dispatcher, marking, tell_of_hits
from llama_index.callbacks.beautyspot.embeddings.numbers import Vector
from llama_index.callbacks.beautyspot.options import Options, options_from
from llama_index.callbacks.beautyspot.policy import Mode
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding

Model = TypeVar("Model", bound=Embedder)


def _kept(model: Any, texts: list[str], vectors: list[Vector]) -> list[Vector]:
    """Return `vectors`, which were kept for `texts`, and tell observers of them."""
    tell_of_hits(model, texts, vectors)
    return vectors


# What observers name its span by: for them it is a part of that call.
_kept.__name__ = "get_text_embedding_batch"


class CachedVectors(Stand):
    """The methods of a model that gives dense or sparse vectors of texts and queries."""

    _beautyspot: VectorCache

    def _get_text_embedding(self, text: str) -> Vector:
        one = super()._get_text_embedding
        return self._beautyspot.vectors(self, [text], "text", lambda texts: [one(texts[0])])[0]

    def _get_query_embedding(self, query: str) -> Vector:
        one = super()._get_query_embedding
        return self._beautyspot.vectors(self, [query], "query", lambda queries: [one(queries[0])])[0]

    def _get_text_embeddings(self, texts: list[str]) -> Sequence[Vector]:
        return self._beautyspot.vectors(self, texts, "text", super()._get_text_embeddings)

    async def _aget_text_embedding(self, text: str) -> Vector:
        one = super()._aget_text_embedding

        async def embed(texts: list[str]) -> list[Vector]:
            return [await one(texts[0])]

        return (await self._beautyspot.vectors_async(self, [text], "text", embed))[0]

    async def _aget_query_embedding(self, query: str) -> Vector:
        one = super()._aget_query_embedding

        async def embed(queries: list[str]) -> list[Vector]:
            return [await one(queries[0])]

        return (await self._beautyspot.vectors_async(self, [query], "query", embed))[0]

    async def _aget_text_embeddings(self, texts: list[str]) -> Sequence[Vector]:
        return await self._beautyspot.vectors_async(self, texts, "text", super()._aget_text_embeddings)

    def get_text_embedding(self, text: str) -> Vector:
        """Do as the model, and say in its events whether the vector was kept."""
        with marking():
            return super().get_text_embedding(text)

    async def aget_text_embedding(self, text: str) -> Vector:
        """Do as the model, and say in its events whether the vector was kept."""
        with marking():
            return await super().aget_text_embedding(text)

    def get_query_embedding(self, query: str) -> Vector:
        """Do as the model, and say in its events whether the vector was kept."""
        with marking():
            return super().get_query_embedding(query)

    async def aget_query_embedding(self, query: str) -> Vector:
        """Do as the model, and say in its events whether the vector was kept."""
        with marking():
            return await super().aget_query_embedding(query)

    def get_text_embedding_batch(self, texts: list[str], show_progress: bool = False, **kwargs: Any) -> list[Vector]:
        """Read what is kept in one go, so that the model's own batches are full of what isn't."""
        embed = partial(super().get_text_embedding_batch, show_progress=show_progress, **kwargs)
        cache = self._beautyspot
        with marking():
            batch = cache.hits_of(self, texts)
            if batch is None or not cache.fill_early(batch, cache.rows.read(batch.keys)):
                return embed(texts)
            self.get_kept_text_embeddings(*batch.found)
            asking = nullcontext()
            while wanted := batch.wanted():
                with asking:
                    taken = batch.take(embed(wanted), 0.0)
                if taken is None:
                    return embed(texts)
                asking = cache.renewal()
            return list(batch.vectors())

    async def aget_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Vector]:
        """Do as `get_text_embedding_batch`."""
        embed = partial(super().aget_text_embedding_batch, show_progress=show_progress, **kwargs)
        cache = self._beautyspot
        with marking():
            batch = cache.hits_of(self, texts)
            if batch is None or not cache.fill_early(batch, await cache.rows.read_async(batch.keys)):
                return await embed(texts)
            self.get_kept_text_embeddings(*batch.found)
            asking = nullcontext()
            while wanted := batch.wanted():
                with asking:
                    taken = batch.take(await embed(wanted), 0.0)
                if taken is None:
                    return await embed(texts)
                asking = cache.renewal()
            return list(batch.vectors())

    get_kept_text_embeddings = dispatcher.span(_kept)

    def __reduce__(self) -> Any:
        """Let another process make the same copy, with the vectors in the same place."""
        cache = self._beautyspot
        return _cached, (plain(cast("Any", self)), Carried(cache.place), cache.options)


def _limiter(model: Any) -> OnMisses | None:
    limiter = model.__dict__.get("rate_limiter")
    return limiter if limiter is None or isinstance(limiter, OnMisses) else OnMisses(limiter)


def _set_limiter(model: Any, limiter: Any) -> None:
    model.__dict__["rate_limiter"] = limiter


class CachedDenseVectors(CachedVectors):
    """The same of a model that LlamaIndex paces."""

    SHADOWS = {"rate_limiter": property(_limiter, _set_limiter)}  # noqa: RUF012 - read once, when a class is made


class CachedImageVectors(CachedDenseVectors):
    """The same of a model that knows images as well."""

    def _get_image_embedding(self, img_file_path: Any) -> Vector:
        one = super()._get_image_embedding
        return self._beautyspot.vectors(self, [img_file_path], "image", lambda images: [one(images[0])])[0]

    def _get_image_embeddings(self, img_file_paths: list[Any]) -> Sequence[Vector]:
        return self._beautyspot.vectors(self, img_file_paths, "image", super()._get_image_embeddings)

    async def _aget_image_embedding(self, img_file_path: Any) -> Vector:
        one = super()._aget_image_embedding

        async def embed(images: list[Any]) -> list[Vector]:
            return [await one(images[0])]

        return (await self._beautyspot.vectors_async(self, [img_file_path], "image", embed))[0]

    async def _aget_image_embeddings(self, img_file_paths: list[Any]) -> Sequence[Vector]:
        return await self._beautyspot.vectors_async(self, img_file_paths, "image", super()._aget_image_embeddings)


def cache_embedding(
    embed_model: Model,
    spot: Place,
    *,
    model_id: str | None = None,
    namespace: str = "",
    ttl: Duration | None = None,
    tags: Sequence[str] = (),
    mode: Mode = "read_write",
) -> Model:
    """Return a copy of `embed_model`, of the same class, that computes the vector of each text, query and image once.

    ```python
    embed_model = cache_embedding(OpenAIEmbedding(), "vectors.db")
    ```

    A batch is read in one go, and only what is missing goes to the model and its rate limiter. A query is not taken
    for a text of the same words: many models embed them differently.

    Args:
        embed_model: Any embedding model, dense, sparse, or of images as well.
        spot: A Spot, a file's path, or a database's URL.
        model_id: What tells the model from others that are kept there; None for its class and settings, but those of
            transport and credentials.
        namespace: Part of every key, so that what one tenant keeps is nothing to another.
        ttl: How long a vector is a hit; None for ever.
        tags: On every row, for `spot.invalidate(tags=…)`.
        mode: As `cache_policy` takes it, which goes before this.

    Raises:
        ConfigurationError: nothing tells the model from others, or an argument is wrong.
    """
    kinds = (BaseEmbedding, BaseSparseEmbedding)
    expect(isinstance(embed_model, kinds), "embed_model", embed_model, "an embedding model, then the place")  # pyright: ignore[reportUnnecessaryIsInstance] - a user's
    options = options_from(model_id=model_id, namespace=namespace, ttl=ttl, tags=tags, mode=mode)
    return _cached(embed_model, spot, options)


def _cached(model: Any, place: Any, options: Options) -> Any:
    cache = VectorCache(place, options)
    identity_of_embedder(model, cache.canonical, options.model_id)
    front = CachedDenseVectors
    if isinstance(model, MultiModalEmbedding):
        front = CachedImageVectors
    elif isinstance(model, BaseSparseEmbedding):
        front = CachedVectors
    return copy_as(model, front, cache)
