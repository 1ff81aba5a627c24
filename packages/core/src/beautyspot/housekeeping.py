"""Keeps a store within a size while its program runs: a few rows at a time, on a miss, and by one process at a time."""

from __future__ import annotations

import os
import threading
from collections import deque
from datetime import UTC, datetime
from math import inf

from beautyspot.durations import seconds
from beautyspot.endings import at_end_of
from beautyspot.errors import CacheWarning, ConfigurationError, SerializationError, StorageError
from beautyspot.notices import Notices, told
from beautyspot.protocols import SupportsKeyLocks, SupportsLimits, SupportsUpkeep, SupportsUses
from beautyspot.sizes import bytes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Mapping, Sequence

    from beautyspot.clocks import Clock
    from beautyspot.durations import Duration
    from beautyspot.protocols import TaskDB
    from beautyspot.records import Task
    from beautyspot.sizes import Size

NAME = "beautyspot:housekeeping"
"""Of the lock between processes, and of the time in `limits` from which on there may be work again."""
EVERY = "10m"
STEP_S = 0.002
"""Time after which a step begins nothing more; what it has begun takes as long again."""
PAUSE = 9.0
"""How often the time of a step passes before the next one, unless as many results came meanwhile as it deleted: a tenth
of a program's time goes into this, and what comes faster than that is kept up with."""
SAMPLE = 100
"""Rows of which the least recently used go. Keys are digests, so a run of keys is a sample of all rows."""
VICTIMS = 10
ROUNDS = 20
"""Most rounds of one step, should a clock stand still."""
BUSY_S = 1.0
"""How long nothing is tried while another process does it."""
RETRY_S = 60.0
TOGETHER = 1000
"""Blobs that are dropped in one go, as S3 takes them."""
AT_END_S = 1.0
"""How long the end of a program waits for blobs that are being dropped; `beautyspot clean` finds what is left."""


class Housekeeping:
    """Deletes expired results, and those least recently used while the others don't fit.

    With up to `SAMPLE` results exactly those go that were not used for longest. Of more, each round takes a tenth of a
    sample: sorting a million rows would take seconds, which no miss should wait for.
    """

    def __init__(
        self,
        db: TaskDB,
        drop_blobs: Callable[[Sequence[str]], None],
        clock: Clock,
        *,
        max_size: Size | None,
        prune_every: Duration | None,
        is_far: bool = False,
    ) -> None:
        """Keep the values of `db` within `max_size`, looked at once in `prune_every`.

        Args:
            db: Holds the rows.
            drop_blobs: The store's, which raises nothing and doesn't wait again for a storage that stalled.
            clock: Tells when it is time.
            max_size: Most bytes of values; None for any.
            prune_every: None for 10 minutes.
            is_far: Blobs lie where dropping one may take long, 30 s in a store that stalls: a thread does it.

        Raises:
            ConfigurationError: a size or duration is none, or the database can't be kept in order.
        """
        self._max_bytes = None if max_size is None else bytes_of(max_size)
        self._every_s = seconds(EVERY if prune_every is None else prune_every, "prune_every")
        if not isinstance(db, SupportsUpkeep):
            raise ConfigurationError(
                f"max_size and prune_every need a database that can be pruned as it is used, and {db!r} can't; "
                "leave them out, and give results an end with default_ttl=; a Redis server then keeps within its own "
                "maxmemory, with the policy volatile-lru"
            )
        self._db, self._upkeep = db, db.upkeep
        self._drop_blobs = drop_blobs
        self._clock = clock
        self._next_s = -inf
        self._came, self._gone = 0, inf
        """Results that were kept since a step that left work, and those that it deleted; infinite if it left none."""
        self._locations: deque[str] = deque()
        """Blobs whose rows are gone. What is left of them at the end, `beautyspot clean` finds."""
        self._mine = threading.Lock()
        self._is_far = is_far
        self._notices = Notices()
        self._dropping: threading.Thread | None = None
        self._end: weakref.finalize[..., object] | None = None

    def step(self) -> None:
        """Do a little if it is time; called after a miss, and raises nothing."""
        self._came += 1
        is_time = self._came >= self._gone or self._clock.monotonic() >= self._next_s
        if not is_time or not self._mine.acquire(blocking=False):
            return
        try:
            self._step_alone()
        except Exception as error:  # noqa: BLE001 - the database may be anybody's; a result was returned already
            self._next_s, self._gone = self._clock.monotonic() + RETRY_S, inf
            if not isinstance(error, StorageError):  # whatever that is, the next read or write tells of it
                self._tell(error)
        finally:
            self._mine.release()

    def expect_room(self, size_bytes: int, /) -> None:
        """Refuse a value that would not fit if it were the only one: all others would go for it, and then itself.

        Raises:
            SerializationError: it is larger than `max_size`.
        """
        if self._max_bytes is not None and size_bytes > self._max_bytes:
            raise SerializationError(
                f"it takes {size_bytes} bytes, and no more than {self._max_bytes} fit into max_size; "
                "give a larger max_size="
            )

    def forget(self) -> None:
        """Start anew in the child of a fork: a thread of the parent may have been at it, and is."""
        self._mine = threading.Lock()
        self._locations, self._dropping = deque(), None
        self._notices.after_fork_in_child()

    def _tell(self, error: Exception) -> None:
        self._notices.tell(
            type(error),
            f"the results could not be kept within max_size and prune_every ({told(error)}, {self._db!r}); they are "
            "tried again in a minute; see the documents of that database",
            CacheWarning,
        )

    def _step_alone(self) -> None:
        locks = self._db.locks if isinstance(self._db, SupportsKeyLocks) else None
        if locks is not None and not locks.try_acquire(NAME):
            self._next_s, self._gone = self._clock.monotonic() + BUSY_S, inf
            return
        try:
            wait_s = self._due_in_s()
            if wait_s <= 0:
                start_s = self._clock.monotonic()
                is_done = self._work()
                wait_s = PAUSE * (self._clock.monotonic() - start_s)
                self._came = 0
                if is_done:
                    wait_s, self._gone = self._every_s, inf
                    self._note_done()
            self._next_s = self._clock.monotonic() + wait_s
        finally:
            if locks is not None:
                locks.release(NAME)

    def _due_in_s(self) -> float:
        if not isinstance(self._db, SupportsLimits):
            return 0.0  # `_next_s` remembers it for this process
        wait_s = self._db.advance_limit(NAME, 0.0, 0.0) - self._clock.time()
        return wait_s if wait_s <= self._every_s else 0.0  # later than ever noted: the clock was set back

    def _note_done(self) -> None:
        if isinstance(self._db, SupportsLimits):
            now_s = self._clock.time()
            late_s = self._db.advance_limit(NAME, 0.0, 0.0) - now_s
            self._db.advance_limit(NAME, now_s, self._every_s - max(0.0, late_s))

    def _work(self) -> bool:
        """Delete until the time of a step is over, and say whether nothing is left to do."""
        end_s, self._gone = self._clock.monotonic() + STEP_S, 0
        for _ in range(ROUNDS):
            if (self._is_far or not self._locations) and not self._delete(self._victims()):
                return True
            if self._is_far:
                self._drop_in_thread()
            while not self._is_far and self._locations and self._clock.monotonic() <= end_s:
                self._drop_blobs((self._locations.popleft(),))
                self._gone += 1
            if self._clock.monotonic() > end_s:
                return False
        return False

    def _drop_in_thread(self) -> None:
        if not self._locations or (self._dropping is not None and self._dropping.is_alive()):
            return
        # A daemon: a store that stalls would hold up the end of the program. It doesn't know `self`, which may go.
        thread = threading.Thread(
            target=_drop_all, args=(self._locations, self._drop_blobs), name="beautyspot-housekeeping", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            return  # the interpreter is ending
        self._dropping = thread
        if self._end is not None:
            self._end.detach()
        self._end = at_end_of(self, thread.join, AT_END_S)

    def _victims(self) -> Sequence[Task]:
        expired = self._upkeep.expired_tasks(datetime.fromtimestamp(self._clock.time(), UTC), SAMPLE)
        if expired or self._max_bytes is None:
            return expired
        excess = self._upkeep.size_bytes() - self._max_bytes
        if excess <= 0:
            return ()
        sample = self._sample()
        return self._giants(sample, self._max_bytes) or self._coldest(sample, excess)

    def _sample(self) -> list[Task]:
        start = os.urandom(16).hex()
        sample = list(self._upkeep.tasks_from(start, SAMPLE))
        if len(sample) < SAMPLE:
            others = self._upkeep.tasks_from("", SAMPLE - len(sample))
            sample += [task for task in others if task.cache_key < start]
        return sample

    def _giants(self, sample: Sequence[Task], max_bytes: int) -> list[Task]:
        """Return and tell of those that can't fit, kept before this size was asked for; no other goes for them."""
        giants = [task for task in sample if (task.size_bytes or 0) > max_bytes][:VICTIMS]
        for task in giants:
            self._notices.tell(
                ("giant", task.func_name),
                f"a result of {task.func_name} is deleted ({task.cache_key}), as its {task.size_bytes} bytes can't fit "
                f"into max_size ({max_bytes} bytes); give a larger max_size=",
                CacheWarning,
            )
        return giants

    def _coldest(self, sample: Sequence[Task], excess: int) -> list[Task]:
        last: Mapping[str, datetime] = {}
        if isinstance(self._db, SupportsUses):
            last = self._db.uses.last([task.cache_key for task in sample])
        sized = [task for task in sample if task.size_bytes]
        sized.sort(key=lambda task: max(task.updated_at, last.get(task.cache_key, task.updated_at)))
        victims: list[Task] = []
        for task in sized[:VICTIMS]:
            if excess <= 0:
                break
            victims.append(task)
            excess -= task.size_bytes or 0
        return victims

    def _delete(self, tasks: Sequence[Task]) -> bool:
        """Delete rows, and have their blobs go next: a crash between the two leaves a blob without a row."""
        if not tasks:
            return False
        gone = set(self._upkeep.delete_unchanged(tasks))
        locations = [task.result_value for task in tasks if task.cache_key in gone and task.result_value]
        self._locations.extend(locations)
        self._gone += len(gone) - (0 if self._is_far else len(locations))  # those count when their blobs go
        return True


def _drop_all(locations: deque[str], drop_blobs: Callable[[Sequence[str]], None]) -> None:
    while locations:
        drop_blobs([locations.popleft() for _ in range(min(len(locations), TOGETHER))])
