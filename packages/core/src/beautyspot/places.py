"""What an integration takes where a user may give a Spot or just say where to keep things."""

import os
import sys
from typing import Any, NamedTuple

from beautyspot.errors import ConfigurationError
from beautyspot.protocols import TaskDB
from beautyspot.spot import Spot

Place = Spot | str | os.PathLike[str] | TaskDB


class Whereabouts(NamedTuple):
    """Where a Spot keeps things, in the stead of the Spot, which holds files and threads of this process."""

    name: str
    db: str
    storage: str

    def spot(self) -> Spot:
        """Return a Spot that keeps its results there."""
        return Spot(self.name, db=self.db, storage=self.storage)


def spot_at(place: Place, /) -> Spot:
    """Return the Spot that `place` is, or one that keeps its results there.

    Args:
        place: A Spot, which is returned; a file's path, with big values in `blobs` beside it; a database's
            URL or a `TaskDB`, with every value in its row, as a server is shared and this machine's folders are not.

    Raises:
        ConfigurationError: it is none of these.
    """
    if isinstance(place, Spot):
        return place
    if isinstance(place, os.PathLike):
        place = os.fspath(place)
    if not place:
        raise ConfigurationError(f"place got {place!r}; give a Spot, a file's path or a database's URL")
    if not isinstance(place, str) or "://" in place:
        return Spot("shared", db=place, inline_limit_bytes=sys.maxsize)
    return Spot(os.path.basename(place).partition(".")[0] or "shared", db=place)  # noqa: PTH119 - as in workspace.py


def portable(place: Place, /) -> Any:
    """Return what can be pickled and says to `opened` in another process where `place` is.

    Raises:
        TypeError: nobody else can find the way there, as into another process's memory.
    """
    if isinstance(place, str | os.PathLike):
        path = os.fspath(place)
        return path if "://" in path else os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - a text, as given
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
