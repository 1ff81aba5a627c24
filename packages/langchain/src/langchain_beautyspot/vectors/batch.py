"""One batch of texts on its way to their vectors: which are kept, which are wanted, what to keep of these."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest
from beautyspot.notices import Notices
from beautyspot.store import Hit, Label
from beautyspot.vectors import warn_of_another_model, warn_of_no_vectors

from langchain_beautyspot.vectors.embedder import Embedder
from langchain_beautyspot.vectors.numbers import NUMBER_BYTES, Vector, packed, unpacked

FORMAT = 1
DOCUMENT, QUERY = "document", "query"


class Shelf(NamedTuple):
    """Where the vectors of one model lie."""

    embedder: Embedder
    namespace: str
    ttl_s: float | None
    notices: Notices

    @property
    def func_name(self) -> str:
        """What its rows are filed under."""
        return self.embedder.func_name

    def key(self, text: str, kind: str) -> str:
        """Return the key of a text."""
        return digest(pack([FORMAT, self.embedder.identity, self.namespace, kind, text])).hex()

    def label(self, key: str, elapsed_s: float) -> Label:
        """Return what is written beside a vector."""
        tags = (self.namespace,) if self.namespace else ()
        return Label(key, self.func_name, key[:16], str(FORMAT), elapsed_s, ttl_s=self.ttl_s, tags=tags)


class Batch:
    """The texts of one call. It knows no colour: who holds it reads, asks the model, and keeps."""

    def __init__(self, shelf: Shelf, texts: Sequence[str], kind: str) -> None:
        """Begin with nothing known."""
        self._shelf = shelf
        self._places = [shelf.key(text, kind) for text in texts]
        self._texts = dict(zip(self._places, texts, strict=True))
        self._found: dict[str, Vector] = {}
        self._fresh: dict[str, Any] = {}
        self._is_renewed = False

    @property
    def func_name(self) -> str:
        """What its rows are filed under."""
        return self._shelf.func_name

    @property
    def embedder(self) -> Embedder:
        """The model that the keys are of."""
        return self._shelf.embedder

    @property
    def keys(self) -> list[str]:
        """One key for each text, however often it comes."""
        return list(self._texts)

    def fill(self, keys: Sequence[str], hits: Sequence[Hit | None]) -> list[tuple[str, Hit]]:
        """Take what is kept under `keys`, unless vectors of two models would mix, and return the hits."""
        read = [(key, hit) for key, hit in zip(keys, hits, strict=True) if hit is not None and not self._is_renewed]
        vectors = {key: vector for key, hit in read if (vector := unpacked(hit.value)) is not None}
        found = {**self._found, **vectors}
        fresh = {len(vector) for vector in self._fresh.values() if isinstance(vector, list)}  # pyright: ignore[reportUnknownArgumentType] - a model's
        if len(_dimensions(found) | fresh) > 1:
            self._forget_found()
            return []
        self._found = found
        return [(key, hit) for key, hit in read if key in vectors]

    def missing(self, most: int | None = None, /) -> list[str]:
        """Return the keys whose vectors are not known, no more than `most` of them."""
        return [key for key in self._texts if key not in self._found and key not in self._fresh][:most]

    def texts(self, keys: Sequence[str], /) -> list[str]:
        """Return the texts of `keys`."""
        return [self._texts[key] for key in keys]

    def take(self, given: Iterable[Any], keys: Sequence[str], elapsed_s: float) -> list[tuple[Label, Any]]:
        """Take what the model gave for the texts of `keys`, and return what to keep of it.

        Raises:
            ValueError: the model gave more or fewer vectors than there are texts, so that nobody knows whose they are.
        """
        vectors = [*given]
        if len(vectors) != len(keys):
            raise ValueError(
                f"the model gave {len(vectors)!r} vectors where {len(keys)} texts were sent; expected one each"
            )
        kept = {key: data for key, vector in zip(keys, vectors, strict=True) if (data := packed(vector))}
        for key, vector in zip(keys, vectors, strict=True):
            self._fresh[key] = (unpacked(kept[key]) if key in kept else None) or vector
        sizes = {len(data) for data in kept.values()}
        if len(kept) < len(keys) or len(sizes) > 1:
            bad = len(keys) - len(kept)
            warn_of_no_vectors(self._shelf.notices, self._shelf.func_name, bad=bad, count=len(keys))
        if len(sizes) != 1:
            return []
        if self._found and {NUMBER_BYTES * each for each in _dimensions(self._found)} != sizes:
            self._forget_found()
        return [(self._shelf.label(key, elapsed_s / len(keys)), data) for key, data in kept.items()]

    def vectors(self) -> list[Vector]:
        """Return a vector for each text; a list that comes twice is two lists."""
        known = {**self._found, **self._fresh}
        return [list(known[key]) if isinstance(known[key], Iterable) else known[key] for key in self._places]

    def _forget_found(self) -> None:
        self._found.clear()
        self._is_renewed = True
        remedy = "give CachedEmbeddings a model= that tells the two apart"
        warn_of_another_model(self._shelf.notices, self._shelf.func_name, remedy)


def _dimensions(vectors: dict[str, Vector]) -> set[int]:
    return {len(vector) for vector in vectors.values()}
