"""Which blobs are there."""

from collections.abc import Iterable, Sequence
from itertools import product

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.protocols import BlobStorage


class Presence:
    """Tells of many blobs whether they are there, from one listing of each storage: it names 1 000 in a request."""

    def __init__(self, storages: Sequence[BlobStorage]) -> None:
        """Look into `storages`, of which none is listed before it is asked for a blob."""
        self._storages = storages
        self._listed: list[set[str]] = []

    def has(self, location: str, /) -> bool:
        """Say whether any of the storages has a blob at `location`.

        Raises:
            StorageError: one that may have it failed, and no other has it.
        """
        if any(location in self._list(number) for number in range(len(self._storages))):
            return True
        # It may be younger than the list, or named by the path that an earlier release knew.
        return is_in((location,), self._storages)

    def _list(self, number: int) -> set[str]:
        if number == len(self._listed):
            try:
                there = {blob.location for blob in self._storages[number].iter_keys()}
            except StorageError:
                there = set[str]()  # each blob is asked for then
            self._listed.append(there)
        return self._listed[number]


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
