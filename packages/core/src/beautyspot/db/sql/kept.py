"""One connection to a server, kept."""

import os
import threading
from typing import Any

from sqlalchemy import Connection

from beautyspot.db.sql.faults import Failure


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
