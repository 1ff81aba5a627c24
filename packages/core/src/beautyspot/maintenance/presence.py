"""Which blobs are there."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.protocols import BlobStorage
from beautyspot.storage.locations import is_blob

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
        self._lost = set[str]()

    def among(self, locations: Sequence[str], /) -> list[str]:
        """Return those of the locations at which a blob is; one whose storage fails to say is not among them."""
        unlisted = [location for location in locations if not self._is_listed(location)]
        lost = lost_of(unlisted, self._storages, n_blobs=sum(map(len, self._there)))
        absent = {location for location in unlisted if location in lost or not self._is_found(location)}
        return [location for location in locations if location not in absent]

    def look_for(self, locations: Sequence[str], /) -> None:
        """Find out together what `has` will be asked of, where many are gone."""
        unlisted = [location for location in locations if not self._is_listed(location)]
        self._lost = lost_of(unlisted, self._storages, n_blobs=sum(map(len, self._there)))

    def has(self, location: str, /) -> bool:
        """Say whether any of the storages has a blob at `location`.

        Raises:
            StorageError: one that may have it failed, and no other has it.
        """
        # It may be on a later page, younger than the list, or named by the path that an earlier release knew.
        return self._is_listed(location) or (location not in self._lost and is_in((location,), self._storages))

    def _is_listed(self, location: str) -> bool:
        for there, rest in zip(self._there, self._rests, strict=True):
            if location not in there:
                there.update(islice(rest, PAGE))
            if location in there:
                return True
        return False

    def _is_found(self, location: str) -> bool:
        try:
            return is_in((location,), self._storages)
        except StorageError:
            return False


def lost_of(locations: Sequence[str], storages: Sequence[BlobStorage], /, *, n_blobs: int) -> set[str]:
    """Return those of the locations, as today's releases write them, that a list of this moment would have and has not.

    Where many are gone, that takes fewer requests than asking for each, and unlike a list that was read before, it has
    what is younger. Nothing is returned where it takes more, or can't be done: then each is to be asked for.

    Args:
        locations: At which no blob was found so far.
        storages: Where they may be.
        n_blobs: About how many lie there.
    """
    if len(locations) <= n_blobs // PAGE + len(storages):
        return set()
    try:
        there = {blob.location for storage in storages for blob in storage.iter_keys()}
    except StorageError:
        return set()
    return {each for each in locations if each not in there and _is_as_listed(each)}


def _listed(storage: BlobStorage) -> Iterator[str]:
    try:
        for blob in storage.iter_keys():
            yield blob.location
    except StorageError:
        return  # each blob is asked for then


def _is_as_listed(location: str) -> bool:
    """Say whether this release writes such locations: others may mean a blob that is listed by another name."""
    shard, _, name = location.rpartition("/")
    return bool(shard) and is_blob(name, shard)


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
