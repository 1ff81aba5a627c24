"""Values outside rows: saved, loaded and dropped, with a rest for a storage that keeps its callers waiting."""

from __future__ import annotations

from contextlib import suppress

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.powers import deleter_in, saves_parts, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from beautyspot.clocks import Clock
    from beautyspot.protocols import BlobStorage, Buffer, Serializer

    T = TypeVar("T")

SLOW_S = 1.0
"""A failure that took longer is a stall, which each further call would wait for: 2 to 5 s with an object store that
refuses connections or requests, and 20 to 30 s with one that is silent."""
REST_S = 10.0
"""How long nothing is asked of it then at most: as long as the failure took, and twice as long after each further one.
Meanwhile values go into rows, and those in blobs are computed again."""

NOTED = 10_000
"""Rows whose blobs are remembered at most."""


class Blobs:
    """The blob storage of one Spot, as its store uses it."""

    def __init__(self, storage: BlobStorage, clock: Clock) -> None:
        """Use `storage`."""
        self._storage = storage
        self._in_parts = storage if saves_parts(storage) else None
        self._saving = Rest(clock)
        # On its own: who may not write may still read, and a rest from reading costs calls, so a blob that is saved
        # ends it.
        self._loading = Rest(clock, follower=self._saving)
        self._old = dict[str, str]()

    def save(self, key: str, parts: Sequence[Buffer], /) -> str:
        """Keep the parts under a new location, and return it; raises whatever the storage does."""
        location = self._saving.unless(lambda: self._save(key, parts))
        self._loading.end()
        return location

    def _save(self, key: str, parts: Sequence[Buffer]) -> str:
        return (
            self._storage.save(key, joined(parts)) if self._in_parts is None else self._in_parts.save_parts(key, parts)
        )

    def load(self, location: str, /) -> bytes:
        """Return what is kept at `location`; raises whatever the storage does."""
        return self._loading.unless(lambda: self._storage.load(location))

    def load_value(self, location: str, serializer: Serializer, /) -> Any:
        """Return the value at `location`, read as it comes where `serializer` can; raises as `load` and it do."""
        if not streams(serializer):
            return serializer.loads(self.load(location))

        def load() -> Any:
            with self._storage.open(location) as stream:
                return serializer.load_stream(stream)

        return self._loading.unless(load, stalls=OSError)  # what can't be decoded was given in time

    def is_lost(self, location: str, /) -> bool:
        """Say whether nothing is at `location`; where the storage can't tell, something may be."""
        try:
            self._loading.unless(lambda: self._storage.open(location).close())
        except LostBlobError:
            return True
        except Exception:  # noqa: BLE001 - as in `drop`
            return False
        return False

    def drop(self, location: str, /) -> None:
        """Delete a blob that no row names any more; one that can't be deleted is left for cleaning."""
        with suppress(Exception):  # the storage may be anybody's, and the result that took its place is paid for
            self._saving.unless(lambda: self._storage.delete(location))

    def note_old(self, key: str, location: str | None, /) -> None:
        """Remember where the blob of a row lies, if it has one, until a result takes its place."""
        if location is None:
            return
        if len(self._old) >= NOTED:  # that many were asked for and not computed again: `clean` finds their blobs
            self._old.clear()
        self._old[key] = location

    def drop_old(self, key: str, now: str | None, /) -> None:
        """Delete the remembered blob of a row which a result took the place of; `now` is where its own lies."""
        if self._old and (location := self._old.pop(key, None)) and location != now:
            self.drop(location)

    def drop_many(self, locations: Sequence[str], /) -> None:
        """Delete blobs as `drop` does."""
        delete_many = deleter_in(self._storage)
        if delete_many is None:
            for location in locations:
                self.drop(location)
            return
        with suppress(Exception):  # as in `drop`
            self._saving.unless(lambda: delete_many(locations))


class Rest:
    """Lets one caller at a time wait for a storage that stalls, and not all of them one after the other."""

    def __init__(self, clock: Clock, *, follower: Rest | None = None) -> None:
        """Begin with all well; after a wait that is longer than any rest, `follower` rests as well."""
        self._now, self._follower = clock.monotonic, follower
        self._from_s = self._until_s = float("-inf")
        self._failure = ""
        self._took_s = self._rest_s = 0.0

    def unless(self, operation: Callable[[], T], /, stalls: type[Exception] = Exception) -> T:
        """Do `operation`, unless it is time to rest.

        Args:
            operation: Asks the storage.
            stalls: What the storage itself raises there; anything else, and that nothing is there, is an answer.

        Raises:
            StorageError: it is; with the next step of the failure that was the reason.
        """
        start_s = self._now()
        if start_s < self._until_s:
            raise StorageError(f"the storage rests after {self._took_s:.0f} s of waiting: {self._failure}")
        if self._failure:
            # Others don't join the one that looks again; for a time, as a fork or an interrupt may take it away.
            self._until_s = start_s + max(REST_S, self._took_s)
        try:
            result = operation()
        except Exception as error:  # as in `drop`; re-raised
            is_stall = isinstance(error, stalls) and not isinstance(error, FileNotFoundError)
            self._note((str(error) or repr(error)) if is_stall else "", start_s)
            raise
        self.end()
        return result

    def end(self) -> None:
        """Have the next call ask again: the storage was seen to answer."""
        if self._failure:
            self._failure, self._rest_s, self._until_s = "", 0.0, float("-inf")

    def _note(self, failure: str, start_s: float) -> None:
        took_s = self._now() - start_s
        if not failure or took_s <= SLOW_S:
            self.end()
        elif start_s >= self._from_s:  # what was under way when the rest began tells nothing new
            self._rest_s = min(REST_S, max(took_s, 2 * self._rest_s))
            self._failure, self._took_s, self._from_s = failure, took_s, self._now()
            self._until_s = self._from_s + self._rest_s
            if self._follower is not None and took_s > REST_S:
                self._follower.follow(self)

    def follow(self, other: Rest) -> None:
        """Rest until `other` has."""
        if self._until_s < other._until_s:
            self._failure, self._took_s, self._until_s = other._failure, other._took_s, other._until_s


def joined(parts: Sequence[Buffer], /) -> bytes:
    """Return the parts as one piece."""
    return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
