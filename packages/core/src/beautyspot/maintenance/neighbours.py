"""Databases whose blobs may lie in another's storage; while one can't be read, nobody knows what is litter there."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from shlex import quote

from beautyspot.catalog import Catalog
from beautyspot.errors import StorageError


def open_neighbour(place: str | os.PathLike[str], /) -> Catalog:
    """Open a database at a path or URL as `Catalog.open` does; that it can't be read is told with why that matters."""
    with telling_why(os.fspath(place)):
        return Catalog.open(place)


@contextmanager
def telling_why(place: str, /) -> Generator[None]:
    """Have a `StorageError` say why the database at `place` has to be read, and what to do about one that is damaged.

    Raises:
        StorageError: what is done within raised one.
    """
    try:
        yield
    except StorageError as error:
        why = "its rows may name blobs of this storage"
        what, _, step = str(error).rpartition("; ")
        if "doctor" in step:  # else it tells its own way out, as of a file that another program holds
            step = (
                f"run `beautyspot repair --db {quote(place)}`, or move or delete that file if nothing in it is missed"
            )
        raise StorageError(f"{what}, and {why}; {step}") from error
