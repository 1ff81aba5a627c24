"""Bytes under names, for `CacheBackedEmbeddings`, `ParentDocumentRetriever` and whoever else takes a `ByteStore`."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from beautyspot.durations import Duration, seconds
from beautyspot.keys.digest import digest
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened, portable
from beautyspot.records import TaskFilter
from beautyspot.store import Label
from langchain_core.stores import ByteStore

from langchain_beautyspot.entries import namespace_of


class BeautySpotByteStore(ByteStore):
    """Keeps bytes in the rows of a Spot, big ones in its blob storage, for any number of threads and processes.

    ```python
    store = BeautySpotByteStore("embeddings.db", namespace="text-embedding-3-small")
    embeddings = CacheBackedEmbeddings.from_bytes_store(model, store, key_encoder="blake2b")
    ```

    Trouble of the database while it reads or writes is a warned miss, never an exception.
    """

    def __init__(
        self,
        place: Place,
        *,
        namespace: str = "default",
        ttl: Duration | None = None,
    ) -> None:
        """Keep what is under `namespace` apart from all else in the same place.

        Args:
            place: A Spot, a file's path, or a database's URL.
            namespace: Part of every key.
            ttl: How long a value is there after it was set; None for ever.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        self._made_by = place, {"namespace": namespace, "ttl": ttl}
        self._spot = opened(place)
        self._rows = LenientRows(self._spot.parts, "LangChain")
        self._name = f"langchain.byte_store.{namespace_of(namespace)}"
        self._ttl_s = None if ttl is None else seconds(ttl)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each key; None where nothing is."""
        return [_bytes_of(hit and hit.value) for hit in self._rows.read([*map(self._key, keys)])]

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Do as `mget`."""
        return [_bytes_of(hit and hit.value) for hit in await self._rows.read_async([*map(self._key, keys)])]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep each value under its key, in the place of what was there.

        Raises:
            TypeError: a value is no bytes; then none is kept.
        """
        self._rows.keep([(self._label(key), _given(key, value)) for key, value in key_value_pairs])

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Do as `mset`."""
        await self._rows.keep_async([(self._label(key), _given(key, value)) for key, value in key_value_pairs])

    def mdelete(self, keys: Sequence[str]) -> None:
        """Delete what is under the keys.

        Raises:
            StorageError: the database can't; what can't be deleted must not pass for gone.
        """
        self._spot.parts.store.delete([*map(self._key, keys)])

    async def amdelete(self, keys: Sequence[str]) -> None:
        """Do as `mdelete`."""
        await self._rows.in_thread(self.mdelete, keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, newest first.

        Raises:
            StorageError: the database can't be read.
        """
        now = datetime.fromtimestamp(self._spot.parts.clock.time(), UTC)
        for task in self._spot.parts.store.find(TaskFilter(function=self._name)):
            lives = task.expires_at is None or task.expires_at > now
            if lives and task.func_name == self._name and task.input_id.startswith(prefix or ""):
                yield task.input_id

    # The base class says it returns a coroutine, and itself yields.
    async def ayield_keys(self, *, prefix: str | None = None) -> AsyncIterator[str]:  # pyright: ignore[reportIncompatibleMethodOverride] - see above
        """Do as `yield_keys`."""
        for key in await self._rows.in_thread(lambda: list(self.yield_keys(prefix=prefix))):
            yield key

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the store go to another process: there it is the same one."""
        place, options = self._made_by
        return partial(BeautySpotByteStore, portable(place), **options), ()

    def _key(self, key: str) -> str:
        # The length keeps one namespace from running into another's keys.
        text = f"{len(self._name)} {self._name}{key}"
        return digest(text.encode("utf-8", "surrogatepass")).hex()

    def _label(self, key: str) -> Label:
        return Label(self._key(key), self._name, key, None, 0.0, ttl_s=self._ttl_s)


def _given(key: str, value: Any) -> bytes:
    if type(value) not in (bytes, bytearray, memoryview):
        raise TypeError(f"the value of {key!r} got {type(value).__name__!r}; expected bytes; encode it first")
    return bytes(value)


def _bytes_of(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None
