"""What the rooms promise each other: who may stand in for whom."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Protocol, runtime_checkable

from beautyspot.records import Activity, BlobInfo, Entry, LimitRate, Run, Task, TaskFilter

Buffer = bytes | bytearray | memoryview
"""Bytes that can be written as they lie; `collections.abc.Buffer` needs Python 3.12."""


class TaskDB(Protocol):
    """Keeps rows. Safe to call from any thread, and in a child after a fork.

    Raises `StorageError` when the database can't do what it was asked; what it holds is then unchanged.
    """

    def get(self, key: str, /) -> Entry | None:
        """Return the entry kept under `key`, expired or not."""
        ...

    def put(self, task: Task, /) -> None:
        """Keep `task` with its tags, replacing what was under its key; survives a killed process once it returns."""

    def delete(self, keys: Iterable[str], /) -> int:
        """Delete the rows under `keys` and their tags, and return how many there were."""
        ...

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks, newest first, without `result_data`."""
        ...

    def close(self) -> None:
        """Give every connection back. A closed database opens again when it is used."""


@runtime_checkable
class SupportsLocalReads(Protocol):
    """A `TaskDB` whose `get` takes microseconds: an event loop does it itself, as the hop to a thread takes longer."""

    reads_locally: bool


@runtime_checkable
class SupportsBatches(Protocol):
    """A `TaskDB` that reads and writes many rows in one go; a failed write may have kept some of them."""

    def get_many(self, keys: Sequence[str], /) -> Mapping[str, Entry]:
        """Return what is kept under those of `keys` that are there, expired or not."""
        ...

    def put_many(self, tasks: Sequence[Task], /) -> None:
        """Keep each of the tasks as `put` does; of two under one key, the later."""


class KeyLocks(Protocol):
    """One lock per key between processes. The keeper frees a lock whose holder dies."""

    def try_acquire(self, key: str, /) -> bool:
        """Take the lock if nobody else holds it."""
        ...

    def acquire(self, key: str, /) -> bool:
        """Wait for the lock, blocking the thread; False where waiting would deadlock or locks don't work."""
        ...

    def release(self, key: str, /) -> None:
        """Give the lock back."""


@runtime_checkable
class SupportsKeyLocks(Protocol):
    """A `TaskDB` whose processes can agree on one runner per key."""

    @property
    def locks(self) -> KeyLocks:
        """The database's key locks."""
        ...


@runtime_checkable
class SupportsLimits(Protocol):
    """A `TaskDB` that keeps the theoretical arrival times of shared limiters."""

    def advance_limit(self, name: str, now_s: float, increment_s: float, /) -> float:
        """Set TAT = max(TAT, now) + increment in one step and return the new TAT, in seconds since 1970 UTC."""
        ...

    def restore_limit(self, name: str, tat_s: float, increment_s: float, /) -> bool:
        """Take `increment_s` off the TAT if it still is `tat_s`, and say whether it was."""
        ...


@runtime_checkable
class SupportsLimitRates(Protocol):
    """A `TaskDB` that notes what its shared limits grant, for people to look at: no call is paced by the notes."""

    def note_limit_rate(self, name: str, rate: LimitRate, /) -> LimitRate | None:
        """Note the rate beside the TAT, where it stays until another one is noted, and return what stood there."""
        ...


@runtime_checkable
class SupportsOrigins(Protocol):
    """A `TaskDB` that notes which file the functions are written in that keep results."""

    def origin(self, scope: str, /) -> str | None:
        """Return the path that was noted last for the functions whose keys have that scope in common."""
        ...

    def note_origin(self, scope: str, path: str, /) -> None:
        """Note the absolute path of the file that results of the scope are kept by from now on."""


@runtime_checkable
class SupportsJournal(Protocol):
    """A `TaskDB` that keeps activity and runs."""

    def add_activity(self, rows: Sequence[Activity], /) -> None:
        """Add the counts to those kept for the same function and minute, in one transaction."""

    def add_runs(self, rows: Sequence[Run], /) -> None:
        """Keep the runs, replacing those of the same id, in one transaction."""


@runtime_checkable
class SupportsJournalReads(Protocol):
    """A `TaskDB` whose journal can be read back, so that it can go elsewhere."""

    def read_activity(self) -> Iterator[Activity]:
        """Yield every row of activity."""
        ...

    def read_runs(self) -> Iterator[Run]:
        """Yield every run."""
        ...


@runtime_checkable
class SupportsMerge(Protocol):
    """A `TaskDB`, or the upkeep of one, that takes the rows of another and never gives a newer one away for it."""

    def updated_at(self, keys: Sequence[str], /) -> Mapping[str, datetime]:
        """Return when each of the results that are there was kept."""
        ...

    def put_newer(self, tasks: Sequence[Task], /) -> Sequence[str]:
        """Keep the tasks but those under whose key one as new or newer is, and return the keys of what was kept."""
        ...


class Uses(Protocol):
    """About when results were last read: a hit writes nothing, and what a while's hits read is noted in a batch."""

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        """Note in one transaction that the results were read, but those noted in the hour before, or gone."""

    def last(self, keys: Sequence[str], /) -> Mapping[str, datetime]:
        """Return when the results were last read; one that isn't named was not since it was kept."""
        ...


@runtime_checkable
class SupportsUses(Protocol):
    """A `TaskDB` that can tell which results were not used for longest."""

    @property
    def uses(self) -> Uses:
        """The notes of last use."""
        ...


class Upkeep(SupportsMerge, Protocol):
    """What keeping a database in order takes beside its reads and writes; each call is one short transaction."""

    def size_bytes(self) -> int:
        """Return the bytes of all kept values, blobs too."""
        ...

    def tasks_from(self, start: str, limit: int, /) -> Sequence[Task]:
        """Return up to `limit` tasks without `result_data`, in the order of their keys from `start` on."""
        ...

    def expired_tasks(self, now: datetime, limit: int, /) -> Sequence[Task]:
        """Return up to `limit` tasks without `result_data` whose time to live has passed."""
        ...

    def delete_unchanged(self, tasks: Sequence[Task], /) -> Sequence[str]:
        """Delete the tasks but those that were kept anew since they were read, and return the keys of what is gone."""
        ...


@runtime_checkable
class SupportsUpkeep(Protocol):
    """A `TaskDB` that lets others keep it in order while it is used."""

    @property
    def upkeep(self) -> Upkeep:
        """Its upkeep."""
        ...


class SupportsWaking(Protocol):
    """A `TaskDB` that refuses at once for a while what can be done later, after it waited for a server in vain."""

    def wake(self) -> None:
        """Have the next call wait as the first one did: it may be the last that can keep what was refused."""


@runtime_checkable
class SupportsLegacy(Protocol):
    """A `TaskDB` that may hold rows of releases 0.3 to 2.x."""

    # A method: as a property, the `isinstance` of Python 3.11 would open the database to look at it.
    def holds_legacy(self) -> bool:
        """Say whether the file was upgraded with such rows in it."""
        ...

    def get_legacy(self, key: str, /) -> Task | None:
        """Return the whole row that an earlier release kept under `key`."""
        ...

    def claim_legacy(self, name: str, func_name: str, /) -> str:
        """Let `func_name` claim the bare function name of the old rows, unless another did, and return who holds it."""
        ...


class BlobStorage(Protocol):
    """Keeps bytes outside the rows. Raises `StorageError`, and `LostBlobError` for what isn't there, or can't be."""

    def save(self, key: str, data: Buffer, /) -> str:
        """Keep `data` under a new location, whole or not at all, and return the location."""
        ...

    def load(self, location: str, /) -> bytes:
        """Return what was kept at `location`."""
        ...

    def open(self, location: str, /) -> BinaryIO:
        """Open what was kept at `location` as a readable, seekable stream."""
        ...

    def delete(self, location: str, /) -> None:
        """Delete what is kept at `location`, if anything is."""

    def iter_keys(self) -> Iterator[BlobInfo]:
        """Yield every blob in the storage."""
        ...


@runtime_checkable
class SupportsSaveParts(Protocol):
    """A `BlobStorage` that keeps a value given in parts, so that nobody joins 100 MB first."""

    def save_parts(self, key: str, parts: Sequence[Buffer], /) -> str:
        """Keep the parts one after the other, as `save` does."""
        ...


class Serializer(Protocol):
    """Turns values into bytes and back. Reading never imports, evaluates or instantiates what the data names."""

    def dumps(self, value: Any, /) -> bytes:
        """Return `value` as bytes.

        Raises:
            SerializationError: it can't be kept; the message says how it could.
        """
        ...

    def loads(self, data: Buffer, /) -> Any:
        """Return the value, of the type it had, or raise `DamagedEntryError` if `data` can't be read."""
        ...


@runtime_checkable
class SupportsStreams(Protocol):
    """A `Serializer` that reads and writes a big value without a second copy of it."""

    def dump_parts(self, value: Any, /) -> Sequence[Buffer]:
        """Return `dumps(value)` in parts."""
        ...

    def load_stream(self, stream: BinaryIO, /) -> Any:
        """Return `loads` of what `stream` holds."""
        ...


@runtime_checkable
class SupportsTypes(Protocol):
    """A `Serializer` that can be told of more types."""

    def register(self, type_: type, code: int | None, encoder: Any, decoder: Any, names: Sequence[str] = (), /) -> None:
        """Keep instances of `type_` from now on; see `Spot.register_type`."""

    def for_function(self, function: Any, /) -> Serializer:
        """Return one that also knows the classes `function`'s return annotation names, read when a value needs it."""
        ...
