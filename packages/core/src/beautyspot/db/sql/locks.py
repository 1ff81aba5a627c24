"""One lock per key between processes: advisory locks of PostgreSQL, which end with the session that took them."""

import threading
import time
from collections import deque
from hashlib import blake2b
from typing import TYPE_CHECKING

from beautyspot.db import forks
from beautyspot.db.asking import Asking
from beautyspot.errors import CacheWarning
from beautyspot.notices import Notices

if TYPE_CHECKING:
    from beautyspot.db.sql.connections import Connections
    from beautyspot.db.sql.kept import Kept
    from beautyspot.db.sql.session import Session

STATEMENTS = {
    b"try": b"SELECT pg_try_advisory_lock($1)",
    b"look": b"SELECT 1 FROM tasks WHERE cache_key = $1",
    b"unlock": b"SELECT pg_advisory_unlock($1)",
}


class AdvisoryLocks:
    """The key locks of one process, all in one session of the server, which frees them when the process dies.

    A session is one holder, so what it holds is remembered here: two flights of this process exclude each other, too.
    Nobody waits in the server, as that would take a session for each who waits, and it has a hundred for everybody.
    """

    def __init__(self, connections: "Connections") -> None:
        """Connect at the first key."""
        self._connections = connections
        self._asking = Asking()
        self._notices = Notices()
        self._start()
        forks.follow(self)

    def _start(self) -> None:
        self._mutex = threading.RLock()  # a signal handler may come back to it
        self._kept: Kept | None = None
        self._session: Session | None = None
        self._is_without = False
        """Whether a pooler gives no session: then keys are free but for those that this process holds."""
        self._held: set[str] = set()
        self.absent: set[str] = set()
        """Keys that are held and had no row when they were taken; what looks there or writes takes its key out."""
        self._released: deque[str] = deque()

    def try_acquire(self, key: str, /) -> bool:
        """Take the lock if nobody else holds it.

        Raises:
            StorageError: the server can't be asked.
        """
        try:
            with self._mutex:
                return self._asking.do(self._connections.name, lambda: self._try(key))
        finally:
            self._send_released()  # of those who found the mutex taken

    def acquire(self, key: str, /) -> bool:
        """Return False: nobody waits in the server, and who wants to wait asks again."""
        del key
        return False

    def release(self, key: str, /) -> None:
        """Give the lock back without waiting for the server: an event loop may call this."""
        self.forget_absence(key)
        self._released.append(key)
        self._send_released()

    def forget_absence(self, key: str, /) -> bool:
        """Say whether the key was found to have no row, once."""
        try:
            self.absent.remove(key)
        except KeyError:
            return False
        return True

    def close(self) -> None:
        """End the session, and with it every lock."""
        with self._mutex:
            self._drop()

    def _try(self, key: str) -> bool:
        if key in self._held:
            return False
        self._connections.refuse_while_resting()
        is_new, start_s = self._session is None, time.monotonic()
        try:
            session = self._connected()
            if session is None:
                self._held.add(key)
                return True
            # A leader looks once more when it has the lock: both in one journey, a fifth of a miss less.
            taken, row = session.ask((b"try", _number(key)), (b"look", key.encode()))
        except self._connections.failures as error:
            self._drop()
            failure = self._connections.failed(error, start_s)
            if is_new:
                raise failure from error
            return self._try(key)  # in a new session, as the server may have restarted since the last key
        if taken != b"t":
            return False
        self._held.add(key)
        if row is None:
            self.absent.add(key)
        return True

    def _connected(self) -> "Session | None":
        if self._session is None and not self._is_without:
            self._kept = self._connections.open_alone()
            if not self._kept.driver.has_session:
                self._go_without()
                return None
            from beautyspot.db.sql.session import Session  # psycopg: a URL is refused without it, and others need none

            self._session = Session(self._kept.driver, STATEMENTS)
        return self._session

    def _go_without(self) -> None:
        """Hold keys for this process alone: a lock would stay with a session that others are lent, and stop them."""
        self._drop()
        self._is_without = True
        self._notices.tell(
            "pooler",
            f"a pooler before {self._connections.name!r} lends sessions for one transaction, and locks belong to "
            "sessions; so processes may each make the same call, and no longer wait for each other; use the pooler's "
            "session mode (pool_mode=session), or the port of the server itself",
            CacheWarning,
        )

    def _send_released(self) -> None:
        """Send what was released, unless a thread has the mutex, which does it then."""
        while self._released and not self._asking.now and self._mutex.acquire(blocking=False):
            try:
                self._asking.do(self._connections.name, self._send)
            finally:
                self._mutex.release()

    def _send(self) -> None:
        while self._released:
            self._unlock(self._released.popleft())

    def _unlock(self, key: str) -> None:
        if key not in self._held:
            return  # it went with an earlier session
        self._held.discard(key)
        if self._session is None:
            return
        try:
            self._session.tell(b"unlock", _number(key))
        except self._connections.failures:
            self._drop()

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = self._session = None
        self._is_without = False
        self._held.clear()
        self.absent.clear()

    def before_fork(self) -> None:
        """Need no rest: the child leaves the session to its parent."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Hold nothing."""
        if self._kept is not None:
            self._kept.leave_to_parent()
        self._start()


class FreeLocks:
    """Where a database has no locks for keys, every key is free: single flight holds within the process."""

    absent = frozenset[str]()

    def try_acquire(self, key: str, /) -> bool:
        """Return True."""
        del key
        return True

    def acquire(self, key: str, /) -> bool:
        """Return False: there is nothing to wait for."""
        del key
        return False

    def release(self, key: str, /) -> None:
        """Give nothing back."""

    def forget_absence(self, key: str, /) -> bool:
        """Return False: nothing is known."""
        del key
        return False

    def close(self) -> None:
        """End nothing."""


def _number(key: str) -> bytes:
    """Return the lock's number as text, a signed 64-bit integer."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, person=b"beautyspot").digest()
    return b"%d" % int.from_bytes(digest, "big", signed=True)
