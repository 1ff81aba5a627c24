"""The connections of one database in one process: one per thread while there are few."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque

from beautyspot.db.aside import Aside
from beautyspot.db.faults import (
    PASSING,
    STALE,
    UNREADABLE,
    WAITABLE,
    Failure,
    code_of,
    locked,
    storage_error,
    tells_damage,
    within_write,
)
from beautyspot.db.files import connect
from beautyspot.db.forks import Rest
from beautyspot.db.generation import Generation
from beautyspot.db.kept import Execute, Kept, Lender
from beautyspot.db.patience import Patience
from beautyspot.db.replacement import PAUSE_S, identity, inode, is_lost
from beautyspot.db.turns import Turns
from beautyspot.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

MAX_OPEN = 64
"""Each holds two file descriptors, and a process often has 1024; more threads than this share connections."""
WITHIN_PATIENCE_S = 0.1
"""Longest wait of a write within another of its thread, which goes on only afterwards."""


class Connections(Lender):
    """Opens, shares, mends and closes the connections to the file at `path`."""

    max_idle = 8

    def __init__(self, path: str, synchronous: str, busy_timeout_s: float) -> None:
        """Open nothing yet."""
        self.path = path
        self.mine: Any = threading.local()
        """`mine.kept` is this thread's connection; the attribute is missing until it has one."""
        self.generation = Generation(path)
        self._synchronous = synchronous
        self._busy_timeout_s = busy_timeout_s
        self._wrote = False
        self._left_to_parent: list[Kept] = []
        self._start()

    def _start(self) -> None:
        self.mine = threading.local()
        self._mutex: Any = threading.RLock()  # as `Kept.lock`
        self._turns = Turns()
        self._writers: set[int] = set()
        """Threads in the middle of a write."""
        self._open: list[Kept] = []
        self._idle: deque[Kept] = deque()
        self._next = 0
        self._rest = Rest(self.path)
        self._patience = Patience(self._busy_timeout_s)
        self._aside = Aside(self.path, self._synchronous, self._busy_timeout_s)

    def read(self, operation: Callable[[Execute], T], /) -> T:
        """Return what `operation` gives, with `Patience`; raises as `write`."""
        try:
            return self._patiently(operation, self._patience.deadline_s())
        except StorageError as error:
            if code_of(error.__cause__ or error) in WAITABLE:
                self._patience.rest()
            raise
        finally:
            self._aside.tell()

    def write(self, operation: Callable[[Execute], T], /, *, keeps_result: bool = False) -> T:
        """Do `operation`, one statement or an `atomically`, in its turn among this process's threads.

        Args:
            keeps_result: Set a file aside that is too damaged to take it, and do it in a fresh one.

        Raises:
            StorageError: it can't be done; the database is as it was.
        """
        me = threading.get_ident()
        if me in self._writers:
            return self._write_within(operation)
        try:
            self._writers.add(me)
            return self._write_in_turn(operation, keeps_result)
        finally:
            self._writers.discard(me)
            self._aside.tell(of_gone=keeps_result)

    def _write_in_turn(self, operation: Callable[[Execute], T], keeps_result: bool) -> T:
        deadline_s = time.monotonic() + self._busy_timeout_s
        turns = self._turns
        try:
            if not turns.acquire(self._busy_timeout_s):
                raise locked(self.path)
            self._leave_replaced_file()
            self._wrote = True
            try:
                result = self._patiently(operation, deadline_s)
            except StorageError as error:
                if not (keeps_result and error.__cause__ is not None and self._replace_file(error.__cause__)):
                    raise
                return self._patiently(operation, deadline_s)
            # Another process may have set the file aside since we looked, and read all of it but this.
            if keeps_result and self._leave_replaced_file():
                return self._patiently(operation, deadline_s)
            return result
        finally:
            try:
                turns.release()
            except BaseException:  # Ctrl-C in there; re-raised
                turns.release()
                raise

    def _write_within(self, operation: Callable[[Execute], T]) -> T:
        """Write for a signal handler or a `__del__` in the middle of a write of this thread, which waits for it."""
        try:
            return self._patiently(operation, time.monotonic() + WITHIN_PATIENCE_S)
        except StorageError as error:
            if error.__cause__ is None or code_of(error.__cause__) not in WAITABLE:
                raise
            raise within_write(self.path) from error.__cause__

    def change(self, operation: Callable[[Execute], T], /, *, keeps_result: bool = False) -> T:
        """Do as `write` does what may change or delete a row that was there, and have every process read it anew.

        Raises:
            StorageError: as `write`.
        """
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is not None:
            kept.data_version = None  # if Ctrl-C comes before `renew`, the next question finds a change
        try:
            return self.write(operation, keeps_result=keeps_result)
        finally:
            # After the commit, or a reader in between would hold the old row under the new number. Also after a
            # failure: an interrupt doesn't tell whether it was committed.
            self.generation.renew()

    def _patiently(self, operation: Callable[[Execute], T], deadline_s: float) -> T:
        mended = False
        while True:
            kept = None
            try:
                kept = self._take()
                with kept.lock:
                    return self._beside(operation) if kept.is_in_use else kept.use(operation)
            except Failure as error:
                if kept is not None and kept.closed:
                    continue  # another thread closed it, for a fork or for good, before we had its lock
                waitable = code_of(error) in WAITABLE and time.monotonic() < deadline_s
                if not waitable:
                    self._discard(kept, error)
                    if mended or kept is None or code_of(error) not in STALE:
                        raise storage_error(self.path, error) from error
                    mended = True
                    continue
            time.sleep(PAUSE_S)

    def _beside(self, operation: Callable[[Execute], T]) -> T:
        """Do `operation` for a signal handler or a `__del__` that interrupted what this thread's connection does.

        On one of its own: that one may be in a transaction, or read a state that it can't write past.
        """
        with self._mutex:
            beside = Kept(self._connect(), identity(self.path))
            self._open.append(beside)
        try:
            with beside.lock:
                return beside.use(operation)
        finally:
            with beside.lock:
                self._forget(beside)

    def _take(self) -> Kept:
        """Return this thread's connection, opened if it has none."""
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is not None and not kept.closed:
            return kept
        # Opened under the mutex: a fork waits for it, and so finds no thread inside SQLite.
        with self._mutex:
            while self._idle:
                kept = self._idle.pop()
                if not kept.closed:
                    return self._lend(kept)
            if len(self._open) >= MAX_OPEN:
                self._next = (self._next + 1) % MAX_OPEN
                self.mine.kept = self._open[self._next]
                return self.mine.kept
            kept = Kept(self._connect(), identity(self.path))
            self._aside.opened(kept.identity)
            for other in self._open:
                if other.identity != kept.identity:
                    self._aside.left(other.identity)
            self._open.append(kept)
            return self._lend(kept)

    def _connect(self) -> sqlite3.Connection:
        seen = inode(self.path)
        self._aside.make_way(seen)
        try:
            return connect(self.path, self._synchronous, self._busy_timeout_s)
        except sqlite3.DatabaseError as error:
            # Not even its tables can be listed, so nobody will ever read a result from it.
            if code_of(error) not in UNREADABLE:
                raise
            self._aside.move(seen)
            return connect(self.path, self._synchronous, self._busy_timeout_s)

    def _replace_file(self, error: BaseException) -> bool:
        """Say whether a file that refused a result for its damage is out of the way."""
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is None or not tells_damage(error):
            return False
        with self._mutex:  # a fork would keep the folder's lock
            self._aside.move(kept.identity)
        if kept.identity == identity(self.path):
            return False
        self._leave_replaced_file()
        return True

    def _discard(self, kept: Kept | None, error: BaseException) -> None:
        """Close a connection that failed: the next one may find the cause gone."""
        if kept is not None and code_of(error) not in PASSING:
            with kept.lock:
                self._forget(kept)

    def _leave_replaced_file(self) -> bool:
        """Close everything if the file was deleted or replaced: what we wrote would be lost with the old one."""
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is None or kept.identity == identity(self.path):
            return False
        self._aside.left(kept.identity)
        self._wrote = False
        self.close()
        self.generation.forget()
        return True

    def leave_lost_file(self) -> None:
        """Go on in a fresh file, and tell of it, if that which results are read from was deleted or replaced.

        Else hits would go on until something is kept, out of a file that nobody sees and that is gone with the process.
        """
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is not None and is_lost(self.path, kept.identity) and self._leave_replaced_file():
            self._aside.tell()

    def close(self) -> None:
        """Close every connection, once whoever uses it is done. The next call opens one again."""
        with self._mutex:
            self.mine = threading.local()
            closing, self._open = self._open, []
            self._idle.clear()
            for kept in closing:
                with kept.lock:
                    if kept is closing[-1] and self._wrote and not kept.closed:
                        kept.settle()
                    kept.close()
            self._wrote = False

    def before_fork(self) -> None:
        """Close every connection: SQLite's own state in the child would claim locks that it doesn't have."""
        self._rest.begin((self._mutex, *(kept.lock for kept in self._open)))
        self._rest.acquire(self._mutex)
        for kept in self._open:
            if self._rest.acquire(kept.lock):
                kept.close()

    def after_fork_in_parent(self) -> None:
        """Let threads open connections again."""
        for kept in self._open:
            self._rest.release(kept.lock)
        if self._mutex._is_owned():
            self._open = [kept for kept in self._open if not kept.closed]
        self._rest.release(self._mutex)
        self._rest.end()

    def after_fork_in_child(self) -> None:
        """Start without connections; one that was in use stays the parent's and is never closed here."""
        self._left_to_parent += [kept for kept in self._open if not kept.closed]
        self._start()
