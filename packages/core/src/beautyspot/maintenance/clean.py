"""Removes blobs that no row names, and half-written ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import cast

from sqlalchemy import select

from beautyspot.catalog import Catalog
from beautyspot.errors import StorageError
from beautyspot.protocols import BlobStorage
from beautyspot.records import BlobInfo

GRACE = timedelta(hours=1)
"""A younger blob may belong to a row that is written in this moment."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a cleaning came to."""

    blobs: int
    size_bytes: int
    blobs_left: int
    """Blobs that could not be deleted."""


def named_blobs(catalog: Catalog, /) -> set[str]:
    """Return the locations that rows name, without the pickles of release 0.3."""
    source = catalog.source
    location, kind = source.column("tasks", "result_value"), source.column("tasks", "result_type")
    rows = source.rows(select(location).where(kind == "FILE", location.is_not(None)))
    return {row[0] for row in rows if not row[0].endswith(".pkl")}


def file_name(location: str, /) -> str:
    """Return what still holds of a location that an earlier release wrote as its working directory saw it."""
    return PurePath(location.replace("\\", "/")).name


def orphans(catalogs: Sequence[Catalog], storage: BlobStorage, /) -> list[BlobInfo]:
    """Return the blobs of `storage` that no row of any of `catalogs` names; young ones are left out."""
    blobs = list(storage.iter_keys())  # before the rows: what is kept meanwhile is not among them
    named = {location for catalog in catalogs for location in named_blobs(catalog)}
    named |= {file_name(location) for location in named}
    return [blob for blob in _old(blobs) if blob.location not in named]


def unfinished(storage: BlobStorage, /) -> list[BlobInfo]:
    """Return what killed programs left half-written in `storage`, as far as it tells; young ones are left out."""
    iter_unfinished = getattr(storage, "iter_unfinished", None)
    return [] if iter_unfinished is None else _old(cast("Callable[[], Iterable[BlobInfo]]", iter_unfinished)())


def clean(blobs: Iterable[BlobInfo], storage: BlobStorage, /, *, dry_run: bool = False) -> Cleaned:
    """Delete `blobs` of `storage`, and return what was deleted, or would be."""
    count = size_bytes = left = 0
    for blob in blobs:
        try:
            if not dry_run:
                storage.delete(blob.location)
        except StorageError:
            left += 1
        else:
            count, size_bytes = count + 1, size_bytes + blob.size_bytes
    return Cleaned(count, size_bytes, left)


def _old(blobs: Iterable[BlobInfo]) -> list[BlobInfo]:
    young = datetime.now(UTC) - GRACE
    return [blob for blob in blobs if blob.modified_at < young]
