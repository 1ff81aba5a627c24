"""Embeddings that are computed once per text, and kept as 32-bit floats."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from beautyspot.checks import expect
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheSaveWarning, ConfigurationError
from beautyspot.flight import Turn
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened, portable
from beautyspot.store import Hit, Label
from beautyspot.threads import on_event_loop
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
    gives the same. A query is not taken for a document of the same text: many models embed them differently. What
    threads or tasks ask for at the same time is asked for once.
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
        self._rows = LenientRows(spot.parts, "LangChain")
        self._flight, self._clock = spot.parts.flight, spot.parts.clock
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
        self._fill(batch, batch.keys, self._rows.read(batch.keys))
        turns = self._flight.turns()
        while missing := batch.missing(self._most()):
            with turns.take(missing) as turn:
                if keys := self._wanted(batch, missing, turn, self._rows.read(turn.led)):
                    start_s = self._clock.monotonic()
                    vectors = embed(batch.texts(keys))
                    made = batch.take(vectors, keys, self._clock.monotonic() - start_s)
                    self._rows.keep(self._lasting(batch, made))
            if turn.others:
                (turns.skip if on_event_loop() else turns.wait)(turn)
                self._fill(batch, turn.others, self._rows.read(turn.others))
        return batch.vectors()

    async def _embed_async(self, texts: list[str], kind: str, embed: EmbedAsync) -> list[Vector]:
        batch = self._batch(texts, kind)
        if batch is None:
            return await embed(texts)
        self._fill(batch, batch.keys, await self._rows.read_async(batch.keys))
        turns = self._flight.turns()
        while missing := batch.missing(self._most()):
            with turns.take(missing) as turn:
                if keys := self._wanted(batch, missing, turn, await self._rows.read_async(turn.led)):
                    start_s = self._clock.monotonic()
                    vectors = await embed(batch.texts(keys))
                    made = batch.take(vectors, keys, self._clock.monotonic() - start_s)
                    await self._rows.keep_async(self._lasting(batch, made))
            if turn.others:
                await turns.wait_async(turn)
                self._fill(batch, turn.others, await self._rows.read_async(turn.others))
        return batch.vectors()

    def _fill(self, batch: Batch, keys: Sequence[str], hits: Sequence[Hit | None]) -> None:
        self._rows.count(batch.func_name, batch.fill(keys, hits), 0)

    def _wanted(self, batch: Batch, missing: list[str], turn: Turn, hits: Sequence[Hit | None]) -> list[str]:
        """Return the keys to ask for in this turn, of which others kept `hits` since somebody looked."""
        self._fill(batch, turn.led, hits)
        open_keys = {*batch.missing()}.difference(turn.others)
        wanted = [key for key in missing if key in open_keys]
        self._rows.count(batch.func_name, [], len(wanted))
        return wanted

    def _lasting(self, batch: Batch, made: list[tuple[Label, Any]]) -> list[tuple[Label, Any]]:
        """Return what is to be kept of what was `made`: nothing if the model changed while it was asked."""
        if self._model.is_still(batch.embedder):
            return made
        self._shelf.notices.tell(
            (batch.func_name, "changed"),
            f"{batch.func_name}: a setting of the model changed while it was asked, so its vectors are not kept; "
            "change settings between calls, or, if the model itself does, give CachedEmbeddings(…, model='a name')",
            CacheSaveWarning,
        )
        return []

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
