"""Values under keys, for `IngestionCache`, document and index stores, and whoever else takes a `BaseKVStore`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, cast

from beautyspot.checks import expect
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheReadWarning, CacheWarning
from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened, portable
from beautyspot.records import TaskFilter
from beautyspot.store import Hit, Label

from llama_index.core.storage.kvstore.types import DEFAULT_BATCH_SIZE, DEFAULT_COLLECTION, BaseKVStore

FORMAT = "1"
PAGE = 500
"""Rows that are read, or written in one transaction, at a time."""
LONGEST_ID = 200
"""Characters of a key that a list shows; a longer one is shown as its digest."""
Value = dict[str, Any]
_NUMBERS = frozenset((float, int))


class KVStats(NamedTuple):
    """What was asked of the stores of one namespace since this process opened their Spot."""

    hits: int
    misses: int


class BeautySpotKVStore(BaseKVStore):
    """Keeps dicts in the rows of a Spot, for any number of threads, event loops and processes.

    ```python
    docstore = KVDocumentStore(BeautySpotKVStore("store.db"), namespace="docs")
    ```

    What is put may be changed afterwards, and what is got as well: nothing is shared. Times, bytes and tuples come back
    as such. A value that can't be kept is warned of, and what was under its key is gone, as it is out of date; where
    the store is no cache but the only copy, open it on a Spot with `on_save_error="raise"`, and without `max_size`.
    """

    def __init__(self, spot: Place, *, namespace: str = "default", ttl: Duration | None = None) -> None:
        """Keep what is under `namespace` apart from all else in the same place.

        Args:
            spot: A Spot, a file's path, or a database's URL.
            namespace: Part of every key; no slash.
            ttl: How long a value is there after it was put; None for ever.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        expect(isinstance(namespace, str) and "/" not in namespace, "namespace", namespace, "a text without a slash")  # pyright: ignore[reportUnnecessaryIsInstance]
        self._place, self._spot = spot, opened(spot)
        self._namespace = namespace
        self._ttl_s = None if ttl is None else seconds(ttl)
        self._rows = LenientRows(self._spot.parts, "LlamaIndex", forgives=CacheWarning)
        self._asked: set[str] = set()

    def put(self, key: str, val: Value, collection: str = DEFAULT_COLLECTION) -> None:
        """Keep `val` under `key`, in the place of what was there.

        Raises:
            ConfigurationError: `key` is no text, or `val` no dict.
        """
        self._keep([self._row(key, val, collection)])

    async def aput(self, key: str, val: Value, collection: str = DEFAULT_COLLECTION) -> None:
        """Do as `put`."""
        await self._rows.in_thread(self._keep, [self._row(key, val, collection)])

    def put_all(
        self,
        kv_pairs: list[tuple[str, Value]],
        collection: str = DEFAULT_COLLECTION,
        batch_size: int = DEFAULT_BATCH_SIZE,
    ) -> None:
        """Keep every value; `batch_size` changes nothing, as the batches are the store's own."""
        del batch_size
        left = iter(kv_pairs)
        while page := list(islice(left, PAGE)):
            self._keep([self._row(key, val, collection) for key, val in page])

    async def aput_all(
        self,
        kv_pairs: list[tuple[str, Value]],
        collection: str = DEFAULT_COLLECTION,
        batch_size: int = DEFAULT_BATCH_SIZE,
    ) -> None:
        """Do as `put_all`."""
        await self._rows.in_thread(self.put_all, kv_pairs, collection, batch_size)

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> Value | None:
        """Return what is kept under `key`; None where nothing is."""
        place = self._key(key, collection)
        return self._value(place, self._rows.read([place])[0], collection)

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> Value | None:
        """Do as `get`."""
        place = self._key(key, collection)
        return self._value(place, (await self._rows.read_async([place]))[0], collection)

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, Value]:
        """Return every value by its key, oldest first.

        Raises:
            StorageError: the database can't be read.
        """
        found: list[tuple[str, Value]] = []
        for page in self._pages(collection):
            found += [pair for hit in self._rows.read(page) if hit is not None and (pair := _pair(hit)) is not None]
        return dict(reversed(found))

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, Value]:
        """Do as `get_all`."""
        return await self._rows.in_thread(self.get_all, collection)

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Delete what is under `key`, and say whether there was anything.

        Raises:
            StorageError: the database can't; what can't be deleted must not pass for gone.
        """
        place, store = self._key(key, collection), self._spot.parts.store
        was_there = False
        with suppress(CacheReadWarning):  # where warnings are errors; what can't be read goes all the same
            was_there = store.lookup(place) is not None
        return store.delete([place]) > 0 and was_there

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Do as `delete`."""
        return await self._rows.in_thread(self.delete, key, collection)

    def clear(self, collection: str = DEFAULT_COLLECTION) -> int:
        """Delete everything in `collection` without reading it, and return how many values there were.

        Raises:
            StorageError: as `delete`.
        """
        return sum(self._spot.parts.store.delete(page) for page in self._pages(collection))

    def stats(self) -> KVStats:
        """Return what was asked, of the collections that this object was asked for."""
        infos = [self._spot.parts.journal.tally(name).info() for name in sorted(self._asked)]
        return KVStats(sum(info.hits for info in infos), sum(info.misses for info in infos))

    # No `__len__`: an empty store would be false, and LlamaIndex takes a false cache for none.

    def __reduce__(self) -> Any:
        """Let another process open the same store."""
        return partial(BeautySpotKVStore, namespace=self._namespace, ttl=self._ttl_s), (portable(self._place),)

    def _name(self, collection: str) -> str:
        return f"llama_index.KVStore.{self._namespace}/{collection}"

    def _key(self, key: str, collection: str) -> str:
        return digest(pack([FORMAT, self._name(collection), key])).hex()

    def _row(self, key: str, val: Value, collection: str) -> tuple[Label, Any]:
        expect(isinstance(key, str), "key", key, "a text")  # pyright: ignore[reportUnnecessaryIsInstance] - a user's
        expect(isinstance(val, dict), "val", val, "a dict, such as {'value': …}")  # pyright: ignore[reportUnnecessaryIsInstance] - as above
        place = self._key(key, collection)
        shown = key if len(key) <= LONGEST_ID and key.isprintable() else place
        label = Label(place, self._name(collection), shown, FORMAT, 0.0, ttl_s=self._ttl_s)
        try:
            return label, [key, _plain(val)]
        except RecursionError:  # the serializer refuses it as well, and says so as it does of any value
            return label, [key, val]

    def _keep(self, rows: Sequence[tuple[Label, Any]]) -> None:
        store = self._spot.parts.store
        for label in self._rows.keep(rows):
            if label.cache_key not in store.unsaved:
                with suppress(
                    Exception
                ):  # a database that takes no value may not delete one either; that was warned of
                    store.delete([label.cache_key])

    def _value(self, place: str, hit: Hit | None, collection: str) -> Value | None:
        name = self._name(collection)
        self._asked.add(name)
        pair = None if hit is None else _pair(hit)
        self._rows.count(name, [] if hit is None or pair is None else [(place, hit)], int(pair is None))
        return None if pair is None else pair[1]

    def _pages(self, collection: str) -> Iterator[Sequence[str]]:
        name = self._name(collection)
        tasks = self._spot.parts.store.find(TaskFilter(function=name, version=FORMAT))
        keys = [task.cache_key for task in tasks if task.func_name == name]
        return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))


def _pair(hit: Hit) -> tuple[str, Value] | None:
    match hit.value:
        case [str() as key, dict() as value]:  # pyright: ignore[reportUnknownVariableType] - anything may lie there
            return key, cast("Value", value)
        case _:
            return None


def _plain(value: Any) -> Any:
    """Return `value` with the members of enums as their values, as the types of nodes come."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in cast("Value", value).items()}
    if type(value) is list:
        items = cast("list[Any]", value)
        # Asked of all at once, as vectors have a thousand numbers: a tenth of the time of a look at each.
        return items if frozenset(map(type, items)) <= _NUMBERS else [*map(_plain, items)]
    return value
