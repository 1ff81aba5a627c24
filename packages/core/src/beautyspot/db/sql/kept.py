"""One connection to a server, kept, and its loan to a thread."""

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from beautyspot.db.sql.faults import Failure

if TYPE_CHECKING:
    from beautyspot.db.sql.connections import Connections


class Kept:
    """One open connection, and the lock that whoever uses it holds."""

    __slots__ = ("closed", "execute", "fetchone", "lock", "sql")

    def __init__(self, sql: Connection, *, is_psycopg: bool) -> None:
        """Keep `sql`; psycopg's own cursor goes past SQLAlchemy, which would double the time of a hit."""
        self.sql = sql
        self.lock = threading.Lock()
        self.closed = False
        if is_psycopg:
            # Binary, as a text of a bytea is twice as long as its bytes.
            cursor: Any = self.driver.cursor(binary=True)
            self.execute, self.fetchone = cursor.execute, cursor.fetchone

    @property
    def driver(self) -> Any:
        """The driver's connection."""
        return self.sql.connection.driver_connection

    def close(self) -> None:
        """Close it; its lock is held."""
        if not self.closed:
            self.closed = True
            try:
                self.sql.invalidate()  # closes the driver's, without a word to a server that may be gone
                self.sql.close()
            except Failure:
                return

    def leave_to_parent(self) -> None:
        """Close it in the child of a fork, without a word to the server, for which the parent still speaks there."""
        try:
            descriptor: int = self.driver.fileno()
        except Exception:  # noqa: BLE001 - SQLite has none, and one that broke has none any more
            self.closed = True
            return
        # libpq would say goodbye through the socket that both share. Kept open here, it would outlive the parent, and
        # so would the parent's locks.
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, descriptor, inheritable=False)
        os.close(null)
        self.close()


class Lease:
    """Lies among a thread's locals, and gives the connection back when they go."""

    __slots__ = ("_connections", "_kept")

    def __init__(self, connections: "Connections", kept: Kept) -> None:
        """Lend `kept`."""
        self._connections = weakref.ref(connections)
        self._kept = kept

    def __del__(self) -> None:
        """Give it back."""
        connections = self._connections() if hasattr(self, "_kept") else None  # an interrupt may cut `__init__` short
        if connections is not None:
            connections.give_back(self._kept)
