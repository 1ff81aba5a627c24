"""A storage of another package, whose own errors are told as ours: who does many things goes on after one of those."""

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, cast

from beautyspot.errors import BeautySpotError, StorageError
from beautyspot.protocols import BlobStorage, Buffer
from beautyspot.records import BlobInfo


def translated(storage: BlobStorage, /) -> BlobStorage:
    """Return `storage` if it is ours, else one that asks it and raises `StorageError` for whatever it raises."""
    return storage if type(storage).__module__.startswith("beautyspot.") else _Translated(storage)


class _Translated:
    def __init__(self, storage: BlobStorage) -> None:
        self._storage = storage

    def __repr__(self) -> str:
        return repr(self._storage)

    def __getattr__(self, name: str) -> Any:
        """Return what else the storage has, such as one of the optional powers."""
        thing = getattr(self._storage, name)
        if name == "iter_unfinished":  # as `iter_keys`, it may do nothing before it is iterated over
            return partial(self._each, thing)
        return partial(self._call, name, thing) if callable(thing) else thing

    def save(self, key: str, data: Buffer, /) -> str:
        return self._call("save", self._storage.save, key, data)

    def load(self, location: str, /) -> bytes:
        return self._call("load", self._storage.load, location)

    def open(self, location: str, /) -> BinaryIO:
        stream = self._call("open", self._storage.open, location)
        return cast("BinaryIO", io.BufferedReader(_Stream(stream, partial(self._call, "read"))))

    def delete(self, location: str, /) -> None:
        self._call("delete", self._storage.delete, location)

    def iter_keys(self) -> Iterator[BlobInfo]:
        return self._each(self._storage.iter_keys)

    def _each(self, method: Callable[[], Iterator[BlobInfo]]) -> Iterator[BlobInfo]:
        with self._told("list blobs"):
            yield from method()

    def _call(self, verb: str, method: Callable[..., Any], /, *arguments: Any) -> Any:
        with self._told(verb):
            return method(*arguments)

    @contextmanager
    def _told(self, verb: str) -> Generator[None]:
        try:
            yield
        except BeautySpotError:
            raise
        except Exception as error:  # anybody's code; chained
            reason = f"{type(error).__name__}: {error}".replace("; ", ", ")  # behind the last lies the next step
            raise StorageError(
                f"can't {verb} in {type(self._storage).__name__}: {reason}; see the documents of that storage"
            ) from error


class _Stream(io.RawIOBase):
    def __init__(self, stream: BinaryIO, call: Callable[..., Any]) -> None:
        self._stream, self._call = stream, call

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._call(self._stream.read, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self._call(self._stream.read)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._call(self._stream.seek, offset, whence)

    def tell(self) -> int:
        return self._call(self._stream.tell)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._call(self._stream.close)
