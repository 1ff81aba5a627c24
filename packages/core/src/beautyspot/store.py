"""Reads, writes and deletes one result. What a caller of this room never meets is an exception of a backend."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from zlib import crc32

from beautyspot.blobs import Blobs, joined
from beautyspot.damage import Damage
from beautyspot.errors import UPGRADE, CacheSaveWarning, ConfigurationError, DamagedEntryError, SerializationError
from beautyspot.held import NEXT_STEP, NEXT_STEP_TOO_OLD
from beautyspot.notices import Notices, told, trouble
from beautyspot.powers import reads_locally
from beautyspot.records import NO_TIME, Task
from beautyspot.unsaved import Unsaved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Literal, NamedTuple, TypeAlias

    from beautyspot.clocks import Clock
    from beautyspot.housekeeping import Housekeeping
    from beautyspot.protocols import BlobStorage, Buffer, Serializer, TaskDB
    from beautyspot.records import Entry, TaskFilter
else:
    from beautyspot.tuples import NamedTuple

CHECKED_BYTES = 16 * 1024 * 1024
"""Largest value whose bytes are compared with a checksum; above, it would cost a third of the time of reading them."""
OnSaveError: TypeAlias = "Literal['warn', 'raise', 'ignore']"


class Hit(NamedTuple):
    """A kept value."""

    value: Any
    elapsed_s: float
    """Seconds its call took."""


# Half the time of Hit(…).
_hit: Callable[[tuple[Any, float]], Hit] = partial(tuple.__new__, Hit)  # pyright: ignore[reportUnknownMemberType]


class Label(NamedTuple):
    """What is written beside a value."""

    cache_key: str
    func_name: str
    input_id: str
    version: str | None
    elapsed_s: float
    content_type: str | None = None
    ttl_s: float | None = None
    save_blob: bool | None = None
    """None: in the storage if it is larger than the inline limit."""
    tags: tuple[str, ...] = ()
    kept_at: datetime | None = None
    """When an earlier release kept the value, from which `ttl_s` counts; None for now."""


class Store:
    """The results of one Spot: rows in a database, big values in a blob storage."""

    def __init__(
        self,
        db: TaskDB,
        storage: BlobStorage,
        *,
        clock: Clock,
        inline_limit_bytes: int = 65_536,
        on_save_error: OnSaveError = "warn",
    ) -> None:
        """Keep rows in `db` and values over `inline_limit_bytes` in `storage`."""
        if on_save_error not in ("warn", "raise", "ignore"):
            raise ConfigurationError(f"on_save_error got {on_save_error!r}; known: warn, raise, ignore")
        self.db = db
        self.storage = storage
        self.blobs = Blobs(storage, clock)
        self.clock = clock
        self.notices = Notices()
        self.damage = Damage(self.notices)
        self._inline_limit_bytes = inline_limit_bytes
        self._on_save_error: OnSaveError = on_save_error
        self.compresses = False
        """Whether values that shrink are kept compressed."""
        self.unsaved = Unsaved(db, self.blobs, clock, self.notices)
        self._waiting = self.unsaved.waiting
        self.housekeeping: Housekeeping | None = None
        """What keeps the store within a size; None unless that was asked for."""
        self.reads_locally = reads_locally(db)
        """Whether an event loop may look a row up itself."""

    def lookup(self, key: str, again: bool = False, /) -> Entry | None:
        """Return the entry under `key`, unless it has expired or can't be read.

        `again` says that the caller looked a moment ago, so that damage has been counted already.
        """
        # A result that waits is newer than the one that the database holds, and there whatever became of that.
        entry = self.unsaved.entry(key) if self._waiting else None
        if entry is None:
            try:
                entry = self.db.get(key)
            except Exception as error:  # noqa: BLE001 - a backend's trouble is a miss; it is counted and warned of
                self.report_damage(key, error, again)
        return None if entry is None else self._unless_expired(key, entry, again)

    def living(self, key: str, entry: Entry | None, /) -> Entry | None:
        """Return `entry`, which the database holds, or the one that waits in its stead, unless it has expired."""
        if self._waiting:
            entry = self.unsaved.entry(key) or entry
        return None if entry is None else self._unless_expired(key, entry)

    def _unless_expired(self, key: str, entry: Entry, again: bool = False) -> Entry | None:
        expires_at = entry.expires_at
        if expires_at is not None and expires_at.timestamp() <= self.clock.time():
            if expires_at == NO_TIME:
                self.report_damage(key, DamagedEntryError("its expiry is no time"), again)
            self.blobs.note_old(key, entry.result_value)
            return None
        return entry

    def value_of(self, key: str, entry: Entry, serializer: Serializer, again: bool = False, /) -> Hit | None:
        """Return the entry's value, or that of the row which took its place meanwhile; None if it can't be read."""
        try:
            _, data, location, _, elapsed_s, checksum, compression = entry  # in half the time of five attributes
            if data is None:
                if checksum is None and compression is None:
                    return Hit(self.blobs.load_value(location or "", serializer), elapsed_s or 0.0)
                data = self.blobs.load(location or "")
            if checksum is not None and crc32(data) != checksum:
                raise DamagedEntryError("its bytes are not those that were written")
            if compression is not None:
                from beautyspot.compression import decompress  # most values are not

                data = decompress(data, compression)
            return _hit((serializer.loads(data), elapsed_s or 0.0))
        except Exception as error:  # noqa: BLE001 - as in lookup; decoders and storages may be anybody's
            if isinstance(error, FileNotFoundError):  # lost, or its row was replaced or deleted since
                now = self.lookup(key, again)
                if now is None or now.result_value != entry.result_value:
                    return None if now is None else self.value_of(key, now, serializer, again)
            self.report_damage(key, error, again)
            return None

    def read(self, key: str, serializer: Serializer, again: bool = False, /) -> Hit | None:
        """Return the value kept under `key`, if there is one that can be read."""
        entry = self.lookup(key, again)
        return None if entry is None else self.value_of(key, entry, serializer, again)

    def keep(
        self,
        label: Label,
        value: Any,
        serializer: Serializer,
        /,
        *,
        keep_if: Callable[[Any], bool] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> bool:
        """Keep `value` unless `keep_if` says no, and say whether it is kept.

        A failure goes to `on_error`, and the user is warned of it.

        Raises:
            SerializationError, StorageError: only with `on_save_error="raise"`.
        """
        try:
            if keep_if is not None and not keep_if(value):
                return False
            self.write(label, value, serializer)
        except Exception as error:
            if on_error is not None:
                on_error(error)
            if self._on_save_error == "raise":
                raise
            if self._on_save_error == "warn":
                self._warn_unsaved(label, error)
            return False
        if self.housekeeping is not None:
            self.housekeeping.step()
        return True

    def write(self, label: Label, value: Any, serializer: Serializer, /) -> None:
        """Keep `value` under the label's key, replacing what was there.

        Raises:
            SerializationError: the value can't be turned into bytes, or takes more of them than `max_size`.
            StorageError: the database can't be written; the result is held in memory and tried again.
        """
        task, blob_error = self._task(label, value, serializer)
        self.unsaved.put(task)
        self._written(label, task, blob_error)

    def write_many(self, rows: Sequence[tuple[Label, Any]], serializer: Serializer, /) -> None:
        """Keep the values in one go; raises as `write` does, or where the database can't, and then holds none."""
        tasks = [self._task(label, value, serializer) for label, value in rows]
        self.unsaved.put_many([task for task, _ in tasks])
        for (label, _), (task, error) in zip(rows, tasks, strict=True):
            self._written(label, task, error)

    def find(self, where: TaskFilter, /) -> Iterator[Task]:
        """Yield the matching tasks without `result_data`: those that wait, then the database's, each newest first."""
        return self.unsaved.find(where)

    def delete(self, keys: Sequence[str], /) -> int:
        """Delete the results under `keys`, rows before blobs, and return how many there were."""
        with self.unsaved.standing_still():
            locations = [location for key in keys if (location := self.unsaved.location(key))]
            count = self.db.delete(keys)
            held = sum([self.unsaved.drop(key) for key in keys])
        for location in locations:
            self.blobs.drop(location)
        return max(count, held)

    def delete_where(self, where: TaskFilter, /) -> int:
        """Delete every matching result but those that are kept anew meanwhile, and return how many there were."""
        from beautyspot.deletion import in_steps  # no hit deletes

        with self.unsaved.standing_still():
            count, held = 0, {task.cache_key for task in self.unsaved.matching(where)}
            for _, gone in in_steps(self.db.find(where), self.db):
                for task in gone:
                    count += task.cache_key not in held
                    if task.result_type == "FILE" and task.result_value:
                        self.blobs.drop(task.result_value)
            # What waits may match where the row that it replaces does not. Who found nothing drops what memory holds:
            # another process may have deleted it and not have told yet.
            return count + self.delete([*held]) if held or not count else count

    @property
    def damaged(self) -> int:
        """Entries met so far that could not be read."""
        return self.damage.count

    def report_damage(self, key: str, error: Exception, again: bool = False, /) -> None:
        """Count an entry that can't be read, unless that was done, and warn of it once per kind of trouble."""
        self.damage.report(key, error, again)

    def _task(self, label: Label, value: Any, serializer: Serializer) -> tuple[Task, Exception | None]:
        """Return the row, and why it must take the value if the storage failed."""
        # What `isinstance(serializer, SupportsStreams)` asks, in 0.05 µs instead of 3.
        dump_parts = getattr(serializer, "dump_parts", None)
        parts: Sequence[Buffer] = (serializer.dumps(value),) if dump_parts is None else dump_parts(value)
        now = label.kept_at or datetime.fromtimestamp(self.clock.time(), UTC)
        compression = None
        if self.compresses:
            from beautyspot.compression import compress  # as in value_of

            parts, compression = compress(parts)
        size_bytes = sum(map(len, parts))
        if self.housekeeping is not None:
            self.housekeeping.expect_room(size_bytes)
        outside = size_bytes > self._inline_limit_bytes if label.save_blob is None else label.save_blob
        # The blob goes first: a row must never name a blob that isn't there. A crash between the two
        # leaves an orphan, which `beautyspot clean` removes.
        location, blob_error = self._save_blob(label, parts) if outside else (None, None)
        task = Task(
            cache_key=label.cache_key, func_name=label.func_name, input_id=label.input_id, version=label.version,
            result_type="DIRECT_BLOB" if location is None else "FILE", content_type=label.content_type,
            result_value=location, result_data=joined(parts) if location is None else None,
            updated_at=now, expires_at=None if label.ttl_s is None else now + timedelta(seconds=label.ttl_s),
            size_bytes=size_bytes, elapsed_s=label.elapsed_s,
            checksum=reduce(lambda sum_, part: crc32(part, sum_), parts, 0) if size_bytes <= CHECKED_BYTES else None,
            compression=compression, tags=label.tags,
        )  # fmt: skip
        return task, blob_error

    def _save_blob(self, label: Label, parts: Sequence[Buffer]) -> tuple[str | None, Exception | None]:
        try:
            return self.blobs.save(label.cache_key, parts), None
        except Exception as error:  # noqa: BLE001 - the storage may be anybody's; the result goes into the row instead
            return None, error

    def _written(self, label: Label, task: Task, error: Exception | None) -> None:
        self.damage.forget_cause(label.cache_key)
        self.blobs.drop_old(label.cache_key, task.result_value)
        if error is not None:  # told and not raised: the result is kept
            self.notices.tell(
                trouble(error),
                f"the blob storage failed for {label.func_name} ({type(error).__name__}: {error}); "
                "the result is kept in the database row instead",
                CacheSaveWarning,
            )

    def _warn_unsaved(self, label: Label, error: Exception) -> None:
        held = label.cache_key in self.unsaved
        next_step = NEXT_STEP if held else "it is not kept"
        if isinstance(error, SerializationError):
            next_step = "it is computed again at every call until it can be kept"
        reason = trouble(error)
        if held and str(reason).startswith(UPGRADE):
            next_step = NEXT_STEP_TOO_OLD
        self.notices.warn(
            ("save" if held else label.func_name, reason),  # a lookup may have told of the same, and not what is held
            f"a result of {label.func_name} was returned but could not be saved ({told(error)}); {next_step}",
            CacheSaveWarning,
        )
