"""Storages of other packages, whose errors come as ours to those who do many things with them."""

import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest
from beautyspot.errors import LostBlobError, StorageError
from beautyspot.records import BlobInfo
from beautyspot.storage import BlobStorage, LocalStorage, MemoryStorage
from beautyspot.storage.foreign import translated
from beautyspot.testing import BlobStorageContract


class TheirError(Exception):
    """As libraries of storages have them."""


class Shelf(MemoryStorage):
    """Keeps blobs as ours does, and may be in trouble in its own way."""

    ails = False

    def save(self, key: str, data: Any, /) -> str:
        return self._well(super().save(key, data))

    def load(self, location: str, /) -> bytes:
        return self._well(super().load(location))

    def open(self, location: str, /) -> BinaryIO:
        return self._well(super().open(location))

    def delete(self, location: str, /) -> None:
        self._well(super().delete(location))

    def iter_keys(self) -> Iterator[BlobInfo]:
        yield from super().iter_keys()
        self._well(None)

    def iter_unfinished(self) -> Iterator[BlobInfo]:
        yield from super().iter_keys()
        self._well(None)

    def delete_many(self, locations: list[str], /) -> list[str]:
        self._well(None)
        for location in locations:
            super().delete(location)
        return []

    def _well(self, answer: Any) -> Any:
        if self.ails:
            raise TheirError("throttled; slow down")
        return answer


class TestForeignStorage(BlobStorageContract):
    @pytest.fixture
    def storage(self) -> BlobStorage:
        return translated(Shelf())


@pytest.mark.parametrize(
    ("verb", "use"),
    [
        ("save", lambda storage, _: storage.save("0b" * 32, b"more")),
        ("load", lambda storage, location: storage.load(location)),
        ("open", lambda storage, location: storage.open(location)),
        ("delete", lambda storage, location: storage.delete(location)),
        ("list blobs", lambda storage, _: list(storage.iter_keys())),
        ("delete_many", lambda storage, location: storage.delete_many([location])),
    ],
)
def test_whatever_it_raises_is_told_as_ours(verb: str, use: Callable[[Any, str], object]) -> None:
    shelf = Shelf()
    storage = translated(shelf)
    location = storage.save("0a" * 32, b"data")
    shelf.ails = True
    with pytest.raises(StorageError, match=rf"can't {verb} in Shelf: TheirError: throttled, slow down; see the docu"):
        use(storage, location)


def test_a_stream_that_breaks_is_told_as_well() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TheirError("gone")

    class Half(Shelf):
        def open(self, location: str, /) -> BinaryIO:
            return Broken()

    for size in (-1, 10):
        with translated(Half()).open("a") as stream, pytest.raises(StorageError, match="TheirError: gone"):
            stream.read(size)


def test_what_it_tells_as_we_do_stays_as_it_is() -> None:
    with pytest.raises(LostBlobError, match="'nothing'"):
        translated(Shelf()).load("nothing")


def test_our_own_are_not_wrapped(tmp_path: Any) -> None:
    storage = LocalStorage(tmp_path)
    assert translated(storage) is storage
