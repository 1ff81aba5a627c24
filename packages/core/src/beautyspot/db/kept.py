"""One open connection, and who has it."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import Any, TypeAlias, TypeVar

    from beautyspot.db.replacement import Identity

    T = TypeVar("T")


Execute: TypeAlias = "Callable[..., sqlite3.Cursor]"


class Kept:
    """One open connection, and the lock that whoever uses it holds."""

    __slots__ = ("closed", "connection", "cursor", "data_version", "execute", "identity", "lock", "select")

    def __init__(self, connection: sqlite3.Connection, identity: Identity | None) -> None:
        """Keep `connection` to the file that `identity` tells."""
        self.connection = connection
        self.execute: Execute = connection.execute
        self.cursor = connection.cursor()
        self.select: Execute = self.cursor.execute
        """For a statement that is read to its end at once; `execute`, which makes a cursor in 0.2 µs, while in use."""
        self.identity = identity
        self.data_version: int | None = None
        """What `PRAGMA data_version` said last, which tells of other connections' commits; None before it was asked."""
        # Reentrant: a signal handler or a `__del__` may call a marked function in the middle of any of our lines.
        self.lock: Any = threading.RLock()
        self.closed = False

    @property
    def is_in_use(self) -> bool:
        """Whether who holds the lock is in the middle of something already, and was interrupted by who asks."""
        return self.select is self.execute

    def use(self, operation: Callable[[Execute], T], /) -> T:
        """Do `operation`; the lock is held."""
        select, self.select = self.select, self.execute
        try:
            return operation(self.execute)
        finally:
            self.select = select

    def settle(self) -> None:
        """Move the WAL into the file, if nobody is in the way: a left-over one costs every start 0.5 ms per MB."""
        try:
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            return

    def close(self) -> None:
        """Close it; its lock is held."""
        self.closed = True
        with suppress(sqlite3.ProgrammingError):  # it is closed
            self.cursor.close()  # its last statement would keep the file open
        self.connection.close()


class Lease:
    """Lies among a thread's locals, and gives the connection back when they go."""

    __slots__ = ("_connections", "_kept")

    def __init__(self, connections: Lender, kept: Any) -> None:
        """Lend `kept`."""
        self._connections = weakref.ref(connections)
        self._kept = kept

    def __del__(self) -> None:
        """Give it back."""
        connections = self._connections() if hasattr(self, "_kept") else None  # an interrupt may cut `__init__` short
        if connections is not None:
            connections.give_back(self._kept)


class Lender:
    """Lends each thread a connection of any kind with a `lock`, a `close` and a `closed`."""

    max_idle: int
    """Connections kept for threads to come."""
    mine: Any
    _open: list[Any]
    _idle: deque[Any]

    def _lend(self, kept: Any) -> Any:
        self.mine.kept = kept
        self.mine.lease = Lease(self, kept)
        return kept

    def give_back(self, kept: Any, /) -> None:
        """Take the connection of a thread that ended; called by the garbage collector, so it waits for nothing."""
        if kept.closed:
            return
        if len(self._idle) < self.max_idle or not kept.lock.acquire(blocking=False):
            self._idle.append(kept)
            return
        try:
            self._forget(kept)
        finally:
            kept.lock.release()

    def _forget(self, kept: Any) -> None:
        """Close a connection whose lock is held."""
        kept.close()
        self._open = [other for other in self._open if other is not kept]


def atomically(execute: Execute, operation: Callable[[Execute], T], /) -> T:
    """Do `operation` in one transaction."""
    execute("BEGIN IMMEDIATE")
    try:
        result = operation(execute)
        execute("COMMIT")
    except BaseException:  # an interrupt, too, must not leave the transaction open
        _roll_back(execute)
        raise
    return result


def _roll_back(execute: Execute) -> None:
    try:
        execute("ROLLBACK")
    except sqlite3.Error:
        return  # SQLite did it already, on a full disk for one
