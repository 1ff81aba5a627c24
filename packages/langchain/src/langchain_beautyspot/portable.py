"""A place that another process can open, in the stead of a Spot, which holds files and threads of this one."""

import os
from typing import Any, NamedTuple

from beautyspot.places import spot_at
from beautyspot.protocols import TaskDB
from beautyspot.spot import Spot

Place = Spot | str | os.PathLike[str] | TaskDB


class Whereabouts(NamedTuple):
    """Where a Spot keeps things."""

    name: str
    db: str
    storage: str

    def spot(self) -> Spot:
        """Return a Spot that keeps its results there."""
        return Spot(self.name, db=self.db, storage=self.storage)


def portable(place: Place, /) -> Any:
    """Return what can be pickled and says where `place` is.

    Raises:
        TypeError: nobody else can find the way there, as into another process's memory.
    """
    if isinstance(place, str | os.PathLike):
        path = os.fspath(place)
        return path if "://" in path else os.path.abspath(path)  # noqa: PTH100 - a text, as it was given
    if not isinstance(place, Spot):
        return place  # a database that pickles, or says itself why it doesn't
    store = place.parts.store
    path, root = getattr(store.db, "path", None), getattr(store.storage, "root", None)
    if path is None or root is None:
        raise TypeError(
            f"a Spot on {store.db!r} and {type(store.storage).__name__} can't be pickled; give a path or a URL instead"
        )
    return Whereabouts(place.name, path, root)


def opened(place: Any, /) -> Spot:
    """Return the Spot at what a user gave, or `portable` returned."""
    return place.spot() if isinstance(place, Whereabouts) else spot_at(place)
