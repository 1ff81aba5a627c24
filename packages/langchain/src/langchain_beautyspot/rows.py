"""Rows of one Spot, several at once, in both colours. What a caller never meets is trouble of a database."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from beautyspot import Spot
from beautyspot.store import Hit, Label

from langchain_beautyspot.threads import in_thread

T = TypeVar("T")


class Rows:
    """Reads and keeps values under keys that its owner makes."""

    def __init__(self, spot: Spot) -> None:
        """Stand on `spot`."""
        self._parts = spot.parts

    def read(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Return what is kept under each key; None where nothing is that can be read."""
        return [self._parts.store.read(key, self._parts.serializer) for key in keys]

    async def read_async(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Do as `read`: a local row on the event loop, whatever may wait in a thread."""
        store, serializer = self._parts.store, self._parts.serializer
        if not store.reads_locally:
            return await self.in_thread(self.read, keys)
        hits: list[Hit | None] = []
        for key in keys:
            entry = store.lookup(key)
            if entry is None:
                hits.append(None)
            elif entry.result_data is not None:
                hits.append(store.value_of(key, entry, serializer))
            else:
                hits.append(await self.in_thread(store.value_of, key, entry, serializer))
        return hits

    def keep(self, rows: Sequence[tuple[Label, Any]], /) -> None:
        """Keep the values; one that can't be kept is warned of, or goes the way that the Spot was told."""
        for label, value in rows:
            self._parts.store.keep(label, value, self._parts.serializer)
        self._parts.journal.tick()

    async def keep_async(self, rows: Sequence[tuple[Label, Any]], /) -> None:
        """Do as `keep` in a thread: what was paid for is kept also when the caller is cancelled."""
        if rows:
            await self.in_thread(self.keep, rows)

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Run `work` in the Spot's executor, or the event loop's own; it goes on when the caller is cancelled."""
        return await in_thread(self._parts.executor, work, *args)

    def count(self, func_name: str, hits: Sequence[tuple[str, Hit]], misses: int) -> None:
        """Count what was read, and what wasn't there."""
        tally = self._parts.journal.tally(func_name)
        for key, hit in hits:
            tally.hit(hit.elapsed_s, key)
        for _ in range(misses):
            tally.miss(0.0, failed=False)
