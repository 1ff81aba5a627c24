"""What an integration takes where a user may give a Spot or just say where to keep things."""

import os
import sys

from beautyspot.errors import ConfigurationError
from beautyspot.protocols import TaskDB
from beautyspot.spot import Spot


def spot_at(place: "Spot | str | os.PathLike[str] | TaskDB", /) -> Spot:
    """Return the Spot that `place` is, or one that keeps its results there.

    Args:
        place: A Spot, which is returned; a file's path, with big values in the folder `blobs` beside it; a database's
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
    folder, file = os.path.split(os.path.abspath(place))  # noqa: PTH100 - as in workspace.py
    name = file.partition(".")[0] or "shared"
    return Spot(name, db=place, storage=os.path.join(folder, "blobs", name))  # noqa: PTH118 - as above
