"""Deletes blobs, many in one go where their storage can."""

from collections.abc import Sequence

from beautyspot.errors import StorageError
from beautyspot.powers import deleter_in
from beautyspot.protocols import BlobStorage


def delete_blobs(locations: Sequence[str], storage: BlobStorage, /) -> list[str]:
    """Delete the blobs, and return the locations of those that could not be deleted, as far as the storage tells."""
    delete_many = deleter_in(storage)
    if delete_many is None:
        return [location for location in locations if not _is_deleted(location, storage)]
    try:
        return list(delete_many(locations)) if locations else []
    except StorageError:
        return list(locations)


def _is_deleted(location: str, storage: BlobStorage) -> bool:
    try:
        storage.delete(location)
    except StorageError:
        return False
    return True
