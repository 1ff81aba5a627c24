"""Many results of one Spot at once, in both colours. What a caller never meets is trouble of a database."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from beautyspot.errors import DamagedEntryError
from beautyspot.powers import takes_batches
from beautyspot.records import Entry
from beautyspot.store import Hit, Label
from beautyspot.threads import in_thread

if TYPE_CHECKING:
    from beautyspot.parts import Parts
    from beautyspot.protocols import Serializer

T = TypeVar("T")
FEW = 16
"""Local rows that an event loop reads itself; more of them take longer than the hop to a thread."""


class Rows:
    """Reads and keeps values under keys that its owner makes, in one go where the database can."""

    def __init__(self, parts: "Parts", serializer: "Serializer | None" = None) -> None:
        """Stand on the parts of a Spot; `serializer` instead of its own."""
        self._parts = parts
        self._serializer = parts.serializer if serializer is None else serializer

    def read(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Return what is kept under each key; None where nothing is that can be read."""
        store, serializer = self._parts.store, self._serializer
        if len(keys) < 2 or not takes_batches(store.db):
            return [store.read(key, serializer) for key in keys]
        entries: Mapping[str, Entry] = {}
        try:
            entries = store.db.get_many(keys)
        except DamagedEntryError:  # of one row, which is found and told of where each is read alone
            return [store.read(key, serializer) for key in keys]
        except Exception as error:  # noqa: BLE001 - a backend's trouble is a miss; it is counted and warned of
            store.report_damage(keys[0], error)
        hits: list[Hit | None] = []
        for key in keys:
            entry = entries.get(key)
            if entry is None or entry.expires_at is not None or store.unsaved.waiting:
                entry = store.living(key, entry)
            hits.append(None if entry is None else store.value_of(key, entry, serializer))
        return hits

    async def read_async(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Do as `read`: a few local rows on the event loop, whatever may wait in a thread."""
        store, serializer = self._parts.store, self._serializer
        if not store.reads_locally or len(keys) > FEW:
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

    def keep(self, rows: Sequence[tuple[Label, Any]], /) -> list[Label]:
        """Keep the values, and return the labels of those that couldn't be.

        These are warned of, or go the way that the Spot was told; the database may take them yet.
        """
        store, serializer = self._parts.store, self._serializer
        refused: list[Label] = []
        if len(rows) < 2 or not self._keep_together(rows):
            refused = [label for label, value in rows if not store.keep(label, value, serializer)]
        self._parts.journal.tick(max((label.elapsed_s for label, _ in rows), default=0.0))
        return refused

    def _keep_together(self, rows: Sequence[tuple[Label, Any]]) -> bool:
        store = self._parts.store
        try:
            store.write_many(rows, self._serializer)
        except Exception:  # noqa: BLE001 - each alone shows which can't be kept, and holds those that can be later
            return False
        if store.housekeeping is not None:
            store.housekeeping.step()
        return True

    async def keep_async(self, rows: Sequence[tuple[Label, Any]], /) -> list[Label]:
        """Do as `keep` in a thread: what was paid for is kept also when the caller is cancelled."""
        return await self.in_thread(self.keep, rows) if rows else []

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
