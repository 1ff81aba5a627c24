"""Which blobs are there."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.protocols import BlobStorage

PAGE = 1000
"""Blobs that one request lists, in S3 and in Google Cloud Storage."""


class Presence:
    """Tells of many blobs whether they are there, with about as few requests as can be.

    Each question reads a page more of the list until it is at its end, so that it costs no more than asking each.
    """

    def __init__(self, storages: Sequence[BlobStorage]) -> None:
        """Look into `storages`, of which none is listed before it is asked for a blob."""
        self._storages = storages
        self._rests = [_listed(storage) for storage in storages]
        self._there = [set[str]() for _ in storages]

    def has(self, location: str, /) -> bool:
        """Say whether any of the storages has a blob at `location`.

        Raises:
            StorageError: one that may have it failed, and no other has it.
        """
        for there, rest in zip(self._there, self._rests, strict=True):
            if location not in there:
                there.update(islice(rest, PAGE))
            if location in there:
                return True
        # It may be on a later page, younger than the list, or named by the path that an earlier release knew.
        return is_in((location,), self._storages)


def _listed(storage: BlobStorage) -> Iterator[str]:
    try:
        for blob in storage.iter_keys():
            yield blob.location
    except StorageError:
        return  # each blob is asked for then


def is_in(places: Iterable[str], storages: Sequence[BlobStorage], /) -> bool:
    """Say whether a blob is at one of `places` in any of `storages`; raises as `Presence.has` does."""
    failure: StorageError | None = None
    for place, storage in product(dict.fromkeys(places), storages):
        try:
            storage.open(place).close()
        except LostBlobError:
            continue
        except StorageError as error:
            failure = error
        else:
            return True
    if failure is not None:
        raise failure  # a timeout is no answer: the blob may well be there
    return False
