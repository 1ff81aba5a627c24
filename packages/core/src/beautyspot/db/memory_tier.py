"""The rows that this process read last, held in memory in front of a SQLite file."""

import threading
from collections import OrderedDict
from time import monotonic

from beautyspot.db.connections import Connections
from beautyspot.db.generation import NOWHERE
from beautyspot.db.kept import Kept
from beautyspot.errors import StorageError
from beautyspot.records import Entry

CHECK_EVERY_S = 1.0
"""How long a change may go unseen that was made by another program, or by a process killed before it could tell."""
MEMORY_BYTES = 32 * 1024 * 1024
"""What is held unless somebody says otherwise."""
ROW_BYTES = 600
"""What a row takes beside its value: the key, the tuples and their places, as `tracemalloc` counts them."""
MAX_SEEN = 2**20
"""Places to note what was read; beyond as many keys they are noted anew."""
LARGEST = 8
"""A value of more than this part of the whole is not held: it would drive out too many others."""


class Seen:
    """Which keys were read before, of at least the last `count`, in one byte each.

    Two that share a place pass for one, which costs no more than to hold a row early.
    """

    __slots__ = ("_free", "_mask", "_places")

    def __init__(self, count: int) -> None:
        """Have seen none."""
        self._mask = min((1 << count.bit_length()) - 1, MAX_SEEN - 1)
        self._clear()

    def _clear(self) -> None:
        self._places, self._free = bytearray(self._mask + 1), self._mask * 3 // 4 + 1

    def add(self, key: str, /) -> bool:
        """Remember `key`, and say whether it was known."""
        place = hash(key) & self._mask
        if self._places[place]:
            return True
        self._places[place] = 1
        self._free -= 1
        if self._free <= 0:
            self._clear()
        return False


class Held(OrderedDict[str, tuple[int, Entry]]):
    """Entries by key, the one used last at the end, each under the stamp at which it was read."""

    __slots__ = ("size_bytes",)

    def __init__(self) -> None:
        """Hold nothing yet."""
        super().__init__()
        self.size_bytes = 0


class MemoryTier:
    """Holds entries while nobody changes what the file holds.

    An entry is as immutable as its bytes, so threads may share it. It counts under the stamp that was taken
    *before* its row was read: see `Generation`. That no thread gets an old row hangs on this alone, not on locks.
    """

    def __init__(self, connections: Connections, limit_bytes: int) -> None:
        """Hold up to `limit_bytes`; 0 for nothing."""
        self._connections = connections
        self._limit_bytes = limit_bytes
        self._filing = threading.Lock()
        self._seen = Seen(limit_bytes // ROW_BYTES)
        self._start_at_s = 0.0
        self._stamp = 0
        self.generation = connections.generation
        self.held = Held()
        self.check_at_s = 0.0

    def check(self) -> None:
        """Drop everything if somebody else may have changed the file, or it is gone; call when `check_at_s` is past."""
        self.check_at_s = monotonic() + CHECK_EVERY_S
        self._connections.leave_lost_file()
        if self.generation.view is NOWHERE:
            return
        if not self.generation.is_in_place():
            self.generation.open()
            return
        try:
            if self._changed_elsewhere():
                self.generation.forget()
        except StorageError:  # whoever asks for a row will tell
            self.generation.forget()

    def _changed_elsewhere(self) -> bool:
        """Say whether another connection committed since this thread's was last asked, or may have."""
        version = self._connections.read(lambda execute: execute("PRAGMA data_version").fetchone()[0])
        kept: Kept | None = getattr(self._connections.mine, "kept", None)
        if kept is None:  # another thread closed the database since
            return True
        known, kept.data_version = kept.data_version, version
        return version != known

    def serves(self, key: str, /) -> bool:
        """Say whether a hit of `key` would come from memory."""
        found = self.held.get(key)
        return found is not None and found[0] == self.generation.view[0] + self.generation.salt

    def hold(self, key: str, entry: Entry, stamp: int, /) -> None:
        """Hold an inline entry that was read after `stamp` was taken, if its key was read before."""
        # Most programs read most results once, and that once is not to pay for more.
        if not self._seen.add(key):
            return
        if self.generation.view is NOWHERE:
            self._start()
        # Who finds it taken goes on: filing is worth no wait, and the garbage collector may call us in its middle.
        elif self._filing.acquire(blocking=False):
            try:
                self._file(key, entry, stamp)
            finally:
                self._filing.release()

    def _file(self, key: str, entry: Entry, stamp: int) -> None:
        held, size_bytes = self.held, _size_bytes(entry)
        if size_bytes * LARGEST > self._limit_bytes:
            return
        if stamp != self._stamp:
            self._stamp = stamp
        old = held.pop(key, None)
        held[key] = (self._stamp, entry)  # one number for all: a hit among 10 000 rows then waits less for memory
        held.size_bytes += size_bytes - (0 if old is None else _size_bytes(old[1]))
        while held and held.size_bytes > self._limit_bytes:  # Ctrl-C may have split the counting from the deed
            held.size_bytes -= _size_bytes(held.popitem(last=False)[1][1])

    def _start(self) -> None:
        if self._limit_bytes and monotonic() >= self._start_at_s:
            self._start_at_s = monotonic() + CHECK_EVERY_S
            self.generation.open()

    def close(self) -> None:
        """Drop everything; what is read later is held again."""
        self.generation.close()
        self.held = Held()
        self._start_at_s = 0.0

    def before_fork(self) -> None:
        """Need no rest."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Go on with what the parent held; a thread of it may have been filing."""
        self._filing = threading.Lock()


def _size_bytes(entry: Entry) -> int:
    return len(entry.result_data or b"") + ROW_BYTES
