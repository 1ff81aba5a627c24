"""The connections of one process to a server: one per thread while there are few."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from beautyspot.db.asking import Asking
from beautyspot.db.kept import Lender
from beautyspot.db.sql.faults import Failure, cause_of, is_full, is_of_the_row, is_stale, storage_error, was_taken_back
from beautyspot.db.sql.kept import Kept
from beautyspot.db.sql.setup import prepare, revision_of
from beautyspot.db.sql.urls import speaks_psycopg
from beautyspot.errors import BeautySpotError, NewerFileError, StorageError

SLOW_S = 0.5
"""A failure that took longer is one of the network; each further try would take as long."""
REST_S = 5.0
"""How long nothing is asked after a slow failure, or as long as that took: every call goes on without waiting again."""
FULL_S = 30.0
"""How long no further connection is asked for where there was none left: a pooler lets each try wait."""

T = TypeVar("T")


class Connections(Lender):
    """Opens, shares, mends and closes the connections to one database."""

    max_idle = 2  # each is a process on the server

    def __init__(self, engine: Engine, name: str, max_open: int) -> None:
        """Open nothing yet."""
        self.name = name
        self.mine: Any = threading.local()
        """`mine.kept` is this thread's connection; the attribute is missing until it has one."""
        self.failures: tuple[type[BaseException], ...] = (*Failure, engine.dialect.loaded_dbapi.Error)
        self._asking = Asking()
        self._engine = engine
        self._is_psycopg = speaks_psycopg(engine)
        self._max_open = max_open
        self._start()

    def _start(self) -> None:
        self.mine = threading.local()
        self._mutex = threading.Lock()
        self._open: list[Kept] = []
        self._idle: deque[Kept] = deque()
        self._next = 0
        self._is_prepared = False
        self._failed_s = self._rests_until_s = self._full_until_s = float("-inf")
        self._trouble = ""

    def unless_resting(self, operation: Callable[[Kept], T], /) -> T:
        """Do as `do`, but nothing for a while after a failure that took its time; for what can be had or done later.

        Raises:
            StorageError: it can't be done.
        """
        self.refuse_while_resting()
        return self.do(operation)

    def do(self, operation: Callable[[Kept], T], /) -> T:
        """Return what `operation` gives; it is done once more if its connection was dead, so twice must be once.

        Raises:
            StorageError: it can't be done.
        """
        start_s = time.monotonic()
        try:
            return self._with(operation)
        except NewerFileError as error:  # a later release came while we ran: no reason to stop the caller
            raise StorageError(str(error)) from None  # the cause would say that no later try can succeed
        except self.failures as error:
            if not self._is_curable(error, start_s):
                raise self.failed(error, start_s) from _cause(error)
        try:
            return self._with(operation)
        except self.failures as error:
            raise self.failed(error, start_s) from _cause(error)

    def atomically(self, operation: Callable[[Connection], T], /) -> T:
        """Do `operation` in one transaction, which a dead connection is not told twice once it began.

        The server takes back what the victim of a deadlock did, so that begins anew.

        Raises:
            StorageError: it can't be done; the database is as it was.
        """
        begun: list[Kept] = []

        def transact(kept: Kept) -> T:
            if begun:
                raise StorageError(f"{self.name!r} was lost in the middle of a transaction; call again")
            kept.sql.exec_driver_sql("BEGIN" if self._is_psycopg else "BEGIN IMMEDIATE")
            begun.append(kept)
            try:
                result = operation(kept.sql)
                kept.sql.exec_driver_sql("COMMIT")
            except BaseException as error:  # an interrupt, too, must not leave the transaction open
                self._forget(kept)
                if was_taken_back(error):
                    begun.clear()
                raise
            return result

        return self.do(transact)

    def open_alone(self) -> Kept:
        """Return a new connection that no thread is lent, for reading; its user closes it.

        Raises:
            StorageError: there is none.
        """
        self.refuse_while_resting()
        asked_s = time.monotonic()
        try:
            return self._asking.do(self.name, lambda: self._opened_alone(asked_s))
        except NewerFileError as error:
            raise StorageError(str(error)) from error

    def _opened_alone(self, asked_s: float) -> Kept:
        with self._mutex:
            try:
                return self._connect(asked_s)
            except StorageError as error:
                spared = self._spared() if is_full(error.__cause__) else None
                if spared is None:
                    raise
                return spared

    def refuse_newer(self) -> None:
        """Look at the database, if it can be reached, and leave it as it is.

        Raises:
            NewerFileError: a later release made its tables.
        """
        start_s = time.monotonic()
        try:
            with self._engine.connect() as sql:
                revision_of(sql, self.name)
        except self.failures as error:
            if isinstance(error, NewerFileError):
                raise
            self.failed(error, start_s)

    def _with(self, operation: Callable[[Kept], T]) -> T:
        return self._asking.do(self.name, lambda: self._ask(operation))

    def _ask(self, operation: Callable[[Kept], T]) -> T:
        asked_s = time.monotonic()
        while True:
            kept = self._take(asked_s)
            with kept.lock:
                if kept.closed:
                    continue  # another thread closed it before we had its lock
                try:
                    return operation(kept)
                except BaseException as error:  # an interrupt may leave an answer unread; re-raised
                    if not is_of_the_row(error):
                        self._forget(kept)
                    raise

    def _take(self, asked_s: float) -> Kept:
        """Return this thread's connection, opened if it has none."""
        kept: Kept | None = getattr(self.mine, "kept", None)
        if kept is not None and not kept.closed:
            return kept
        with self._mutex:
            while self._idle:
                kept = self._idle.pop()
                if not kept.closed:
                    return self._lend(kept)
            if len(self._open) >= self._max_open or (self._open and time.monotonic() < self._full_until_s):
                return self._shared()
            try:
                kept = self._connect(asked_s)
            except StorageError as error:
                if self._open and is_full(error.__cause__):
                    return self._shared()  # a miss would be paid for, and those who have one can wait a millisecond
                raise
            self._open.append(kept)
            return self._lend(kept)

    def _shared(self) -> Kept:
        """Return a connection that others have as well."""
        self._next = (self._next + 1) % len(self._open)
        self.mine.kept = self._open[self._next]
        return self.mine.kept

    def _spared(self) -> Kept | None:
        """Return one that nobody uses now, taken from its threads, who share what is left; None if there is none."""
        for kept in self._open[1:]:
            if kept.lock.acquire(blocking=False):
                kept.closed = True  # for those threads
                self._open.remove(kept)
                kept.lock.release()
                return Kept(kept.sql, is_psycopg=self._is_psycopg)
        return None

    def _connect(self, asked_s: float) -> Kept:
        """Open a connection; the mutex is held, and who waited for it from `asked_s` on shares what came of the try."""
        start_s = time.monotonic()
        if asked_s < self._failed_s:
            raise StorageError(self._trouble)
        try:
            sql = self._engine.connect()
        except self.failures as error:
            if self._open and is_full(error):  # no reason to rest: what is open can be shared
                self._full_until_s = time.monotonic() + FULL_S
                raise storage_error(self.name, error) from error
            raise self.failed(error, start_s) from error
        try:
            if not self._is_prepared:
                prepare(sql, self.name)
                self._is_prepared = True
            self.wake()
            return Kept(sql, is_psycopg=self._is_psycopg)
        except BaseException:
            sql.invalidate()
            sql.close()
            raise

    def refuse_while_resting(self) -> None:
        """Return unless it is time to rest.

        Raises:
            StorageError: it is, and this is what the failure said.
        """
        if time.monotonic() < self._rests_until_s:
            raise StorageError(self._trouble)

    def _is_curable(self, error: BaseException, start_s: float) -> bool:
        if is_stale(error):
            self._is_prepared = False  # somebody may have dropped the tables
            return True
        # A server that restarted, or a network that was cut and is whole again, is noticed at the next statement.
        lost = type(cause_of(error)).__name__ in ("OperationalError", "InterfaceError", "AdminShutdown")
        return lost and time.monotonic() - start_s < SLOW_S

    def wake(self) -> None:
        """End the rest."""
        self._rests_until_s = float("-inf")

    def failed(self, error: BaseException, start_s: float, /) -> BeautySpotError:
        """Return what to tell of the failure of what began at `start_s`, and rest if it took long."""
        failure = storage_error(self.name, error)
        now_s = time.monotonic()
        took_s = now_s - start_s
        if took_s > SLOW_S and not isinstance(error, BeautySpotError):
            self._trouble, self._failed_s, self._rests_until_s = str(failure), now_s, now_s + max(REST_S, took_s)
        return failure

    def close(self) -> None:
        """Close every connection, once whoever uses it is done. The next call opens one again."""
        with self._mutex:
            self.mine = threading.local()
            closing, self._open = self._open, []
            self._is_prepared = False
            self._idle.clear()
            for kept in closing:
                with kept.lock:
                    kept.close()

    def before_fork(self) -> None:
        """Need no rest: the child leaves every connection to its parent."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Start without connections."""
        for kept in self._open:
            kept.leave_to_parent()
        self._start()


def _cause(error: BaseException) -> BaseException:
    """Return what an error comes from: a `ValueError` where no later try can succeed, as `unsaved` asks."""
    cause = cause_of(error)
    if isinstance(error, BeautySpotError):
        return error.__cause__ or error
    return ValueError(str(cause)) if is_of_the_row(error) and not isinstance(cause, ValueError) else cause
