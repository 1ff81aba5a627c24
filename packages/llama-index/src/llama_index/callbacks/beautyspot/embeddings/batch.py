"""One batch on its way to its vectors: which are kept, which are wanted, what to keep of these."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from beautyspot.notices import Notices
from beautyspot.store import Hit, Label
from beautyspot.vectors import warn_of_another_model, warn_of_no_vectors

from llama_index.callbacks.beautyspot.asking import Settings
from llama_index.callbacks.beautyspot.embeddings.numbers import Vector, packed, size_of

FORMAT = "1"


class Shelf(NamedTuple):
    """How the vectors of one model are labelled."""

    func_name: str
    """What its rows are filed under."""
    ttl_s: float | None
    tags: tuple[str, ...]
    notices: Notices
    settings: Settings
    """Of the model, as they are in the keys."""

    def label(self, key: str, elapsed_s: float) -> Label:
        """Return what is written beside a vector."""
        return Label(key, self.func_name, key[:16], FORMAT, elapsed_s, ttl_s=self.ttl_s, tags=self.tags)


class Batch:
    """The inputs of one call. It knows no colour: who holds it reads, asks the model, and keeps."""

    def __init__(self, shelf: Shelf, inputs: Sequence[Any], keys: Sequence[str | None]) -> None:
        """Begin with nothing known.

        Args:
            shelf: The model's.
            inputs: Texts, or images.
            keys: One for each input; None for one that no key can be made of.
        """
        self._shelf = shelf
        self._places: list[Any] = [key or place for place, key in enumerate(keys)]
        self._inputs = dict(zip(self._places, inputs, strict=True))
        self.keys = [place for place in self._inputs if is_key(place)]
        """One key for each input that has one, however often it comes."""
        self._found: dict[Any, Vector] = {}
        self._fresh: dict[Any, Vector] = {}
        self._others: frozenset[Any] = frozenset()
        self._is_renewed = False

    @property
    def func_name(self) -> str:
        """What its rows are filed under."""
        return self._shelf.func_name

    @property
    def settings(self) -> Settings:
        """Those of the model, as they are in the keys."""
        return self._shelf.settings

    def fill(self, hits: Sequence[Hit | None]) -> list[tuple[str, Hit]]:
        """Take what is kept under each of `keys`, and return the hits."""
        read = [(key, hit) for key, hit in zip(self.keys, hits, strict=True) if hit is not None]
        self._found = {key: hit.value for key, hit in read}
        if len(_sizes(self._found)) > 1:
            self._forget_found()
            return []
        return read

    def refill(self, keys: Sequence[str], hits: Sequence[Hit | None]) -> list[tuple[str, Hit]]:
        """Take what others kept meanwhile under some of `keys`, unless it is another model's, and return the hits."""
        read = {key: hit for key, hit in zip(keys, hits, strict=True) if hit is not None and not self._is_renewed}
        known = {**self._found, **self._fresh, **{key: hit.value for key, hit in read.items()}}
        if len(_sizes(known)) > 1:
            return []
        self._found.update({key: hit.value for key, hit in read.items()})
        return list(read.items())

    def leave(self, keys: Iterable[str]) -> None:
        """Leave these keys to others, and nothing else."""
        self._others = frozenset(keys)

    @property
    def missing(self) -> list[Any]:
        """What is not known: keys, and the places of inputs that have none."""
        return [place for place in self._inputs if place not in self._found and place not in self._fresh]

    @property
    def was_asked(self) -> bool:
        """Whether the model gave any of the vectors just now."""
        return bool(self._fresh)

    @property
    def found(self) -> tuple[list[Any], list[Vector]]:
        """The inputs whose vectors were kept, and these."""
        return [self._inputs[key] for key in self._found], list(self._found.values())

    def wanted(self) -> list[Any]:
        """Return the inputs whose vectors are not known and not left to others, each once."""
        return [self._inputs[place] for place in self._unknown()]

    def take(self, vectors: Sequence[Vector], elapsed_s: float) -> list[tuple[Label, Any]] | None:
        """Take what the model gave for `wanted`, and return what to keep of it.

        None stands for more or fewer vectors than were wanted, so that nobody knows whose they are.
        """
        places = self._unknown()
        if len(vectors) != len(places):
            return None
        self._fresh.update(zip(places, vectors, strict=True))
        kept = {
            place: data for place, vector in zip(places, vectors, strict=True) if (data := packed(vector)) is not None
        }
        sizes = {size_of(self._fresh[place]) for place in kept}
        if len(kept) < len(places) or len(sizes) > 1:
            bad = len(places) - len(kept)
            warn_of_no_vectors(self._shelf.notices, self.func_name, bad=bad, count=len(places))
        if len(sizes) != 1:
            return []
        if self._found and _sizes(self._found) != sizes:
            self._forget_found()
        each_s = elapsed_s / len(places)
        return [(self._shelf.label(place, each_s), data) for place, data in kept.items() if is_key(place)]

    def vectors(self) -> list[Vector]:
        """Return a vector for each input; one that comes twice is two objects."""
        known = {**self._found, **self._fresh}
        if len(known) == len(self._places):
            return [known[place] for place in self._places]
        return [known[place].copy() if hasattr(known[place], "copy") else known[place] for place in self._places]

    def _unknown(self) -> list[Any]:
        return [place for place in self.missing if place not in self._others]

    def _forget_found(self) -> None:
        self._found.clear()
        self._is_renewed = True
        remedy = "give cache_embedding a model_id= that tells the two apart"
        warn_of_another_model(self._shelf.notices, self._shelf.func_name, remedy)


def is_key(place: Any, /) -> bool:
    """Say whether an input is known by a key, and not by its place alone."""
    return isinstance(place, str)


def _sizes(vectors: dict[Any, Vector]) -> set[int | None]:
    return {size_of(vector) for vector in vectors.values()}
