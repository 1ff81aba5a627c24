"""Blobs from one storage to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.protocols import BlobStorage
from beautyspot.records import DAMAGED, Task


@dataclass(frozen=True, slots=True)
class BlobMove:
    """Where blobs are, and where they shall be."""

    sources: Sequence[BlobStorage]
    """Asked one after the other."""
    target: BlobStorage

    def read(self, task: Task, /) -> bytes:
        """Return the blob that `task` names; raises as `load_blob` does."""
        return load_blob(self.sources, task.result_value or "")

    def copied(self, task: Task, data: bytes, /) -> Task:
        """Keep `data` in the target, and return the task that names it.

        Raises:
            StorageError: the target can't take it.
        """
        return task._replace(result_value=self.target.save(task.cache_key, data))


def is_legacy(task: Task, /) -> bool:
    """Say whether a release before 3.0 wrote the row."""
    return task.size_bytes is None and task.result_type != DAMAGED


def moves(task: Task, /) -> bool:
    """Say whether the task has a blob that goes along; one of an earlier release is found by its old name alone."""
    return task.result_type == "FILE" and not is_legacy(task)


def load_blob(storages: Sequence[BlobStorage], location: str, /) -> bytes:
    """Return the blob at `location` in the first of `storages` that has it.

    Raises:
        LostBlobError: none of them has.
        StorageError: one that may have it failed, and no other has it.
    """
    # Earlier releases wrote a path as their working directory saw it; only the file's name still holds.
    places = dict.fromkeys((location, location.replace("\\", "/").rpartition("/")[2]))
    failures: list[StorageError] = []
    for place, storage in product(places, storages):
        try:
            return storage.load(place)
        except StorageError as error:
            failures.append(error)
    for failure in failures:
        if not isinstance(failure, LostBlobError):
            raise failure
    first = next(iter(failures), None)  # the one that should have it
    raise LostBlobError(f"no blob at {location!r} in any storage given; see that it is the right one") from first
