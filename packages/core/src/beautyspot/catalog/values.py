"""A kept value for somebody to look at. Nothing is imported, evaluated or instantiated by what the data names."""

import json
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import PurePath
from typing import Any, BinaryIO, TypeVar

from sqlalchemy import ColumnElement, func, or_, select

from beautyspot.catalog.contents import Content, content_of
from beautyspot.catalog.source import Source
from beautyspot.catalog.unpacked import is_long, opened
from beautyspot.compression import decompress
from beautyspot.errors import DamagedEntryError, LostBlobError, StorageError
from beautyspot.protocols import BlobStorage
from beautyspot.records import DAMAGED, Task
from beautyspot.serializers import MsgpackSerializer
from beautyspot.serializers.legacy import describe_legacy

T = TypeVar("T")
SERIALIZER = MsgpackSerializer()


class ValueReader:
    """Reads values that the house's own serializer wrote, in this release or an earlier one."""

    def __init__(self, source: Source, storages: Sequence[BlobStorage]) -> None:
        """Read inline values from `source`, and blobs from the first of `storages` that has them."""
        self._source = source
        self._storages = storages

    def read(self, task: Task, /) -> Any:
        """Return the value; what is of a class that only its program knows comes as a dict of its fields.

        Raises:
            DamagedEntryError: it can't be read.
            StorageError: its blob can't.
            ConfigurationError: it is compressed, and the library is not installed.
        """
        return _json(task) if task.result_type == "DIRECT" else decoded(task, self.data(task))

    def open(self, task: Task, /) -> Content | None:
        """Open a value that is bytes or text, so that a part of it can be read alone; None for any other.

        What lies in a blob is fetched, and if it is long decompressed, as it is read. Raises as `read` does.
        """
        if task.result_type == "DIRECT":
            value = _json(task)
            data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None
            return None if data is None else Content(BytesIO(data), 0, len(data), is_text=True)
        stream = self._stream(task)
        try:
            content = content_of(stream)
        except BaseException:  # re-raised
            stream.close()
            raise
        if content is None:
            stream.close()
        return content

    def _stream(self, task: Task) -> BinaryIO:
        is_short = task.compression is not None and not is_long(task.compression)
        if task.result_type != "FILE" or not task.result_value or is_short:
            return BytesIO(unpacked(task, self.data(task)))
        stream = self._from_storage(task.result_value, lambda storage, place: storage.open(place))
        return stream if task.compression is None else opened(stream, task.compression)

    def data(self, task: Task, /) -> bytes:
        """Return the serialized value as it is kept, compressed or not; raises as `read` does."""
        if task.result_type == DAMAGED:
            raise DamagedEntryError(
                f"the row {task.cache_key!r} holds values of the wrong types; `beautyspot repair` mends or drops it"
            )
        if task.result_type == "FILE" and task.result_value:
            return self._from_storage(task.result_value, lambda storage, place: storage.load(place))
        data = self._inline([task]).get(task.cache_key) if task.result_type != "FILE" else None
        if data is None:
            raise DamagedEntryError(f"the row {task.cache_key!r} holds no value; run its call again")
        return data

    def inline(self, tasks: Sequence[Task], /) -> dict[str, bytes]:
        """Return what the rows of `tasks` hold as serialized values, by key, in one question.

        Those that hold more than they say are left out, so that who adds up what they say is not flooded.
        """
        data, size_bytes = (self._source.column("tasks", name) for name in ("result_data", "size_bytes"))
        return self._inline(tasks, or_(size_bytes.is_(None), func.length(data) <= size_bytes))

    def _inline(self, tasks: Sequence[Task], *conditions: ColumnElement[bool]) -> dict[str, bytes]:
        key, data = (self._source.column("tasks", name) for name in ("cache_key", "result_data"))
        rows = self._source.rows(select(key, data).where(key.in_([task.cache_key for task in tasks]), *conditions))
        return {row[0]: row[1] for row in rows if isinstance(row[1], bytes)}

    def _from_storage(self, location: str, read: Callable[[BlobStorage, str], T]) -> T:
        if location.endswith(".pkl"):
            raise DamagedEntryError(
                f"{location!r} is a pickle of release 0.3, which could run code; it is never read; run its call again"
            )
        failure: StorageError | None = None
        # Earlier releases wrote a path as their working directory saw it; only the file's name still holds.
        for place in dict.fromkeys((location, PurePath(location.replace("\\", "/")).name)):
            for storage in self._storages:
                try:
                    return read(storage, place)
                except StorageError as error:
                    failure = failure or error  # the first is the one that should have it
        raise failure or LostBlobError(f"the value lies in a blob, {location!r}; say where blobs are with --storage")


def decoded(task: Task, data: bytes, /) -> Any:
    """Return the value of `task` that `data` stands for; raises as `ValueReader.read` does."""
    return described(task, unpacked(task, data))


def unpacked(task: Task, data: bytes, /) -> bytes:
    """Return what the serializer wrote, of which `data` is kept; raises as `decompress` does."""
    return data if task.compression is None else decompress(data, task.compression)


def described(task: Task, data: bytes, /) -> Any:
    """Return the value that the serializer's `data` stands for; raises as `ValueReader.read` does."""
    if task.elapsed_s is None:  # only earlier releases don't say
        return describe_legacy(data)
    return SERIALIZER.describe(data)


def _json(task: Task) -> Any:
    try:
        return json.loads(task.result_value or "")
    except ValueError as error:
        raise DamagedEntryError(f"the row {task.cache_key!r} holds no JSON: {error}; run its call again") from error
