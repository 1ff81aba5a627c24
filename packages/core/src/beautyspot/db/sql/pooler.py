"""Whether a pooler stands before the server, and what is left of a session behind one that lends it by transactions."""

from collections.abc import Callable
from contextlib import closing
from secrets import token_hex
from typing import Any

from psycopg import Error
from psycopg.errors import TooManyConnections

from beautyspot.db.sql.patience import NoAnswerError, PatientConnection

TRIES = 3
"""How often two connections are compared: somebody else may come between and take the session that they would share."""
PATIENCE_S = 2.0
"""How long the second one is waited for; a pooler that has none left would let it wait for minutes."""
MARK = "SELECT set_config('beautyspot.mark', '{}', false)"
LOOK = "SELECT current_setting('beautyspot.mark', true)"


class Pooler:
    """What stands between one engine and its server, found out at the first connection."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lends_transactions: bool | None = None

    def gives_session(self, connection: PatientConnection, connect: Callable[[], PatientConnection], /) -> bool:
        """Say whether what one statement sets or locks holds for the connection's next; when in doubt, no.

        Args:
            connection: Nothing was set in it: behind a pooler it would be set for others.
            connect: Opens another one.

        Raises:
            TooManyConnections: the pooler, which gave sessions before, took the connection and lets it wait.
        """
        if self._lends_transactions is not None:
            connection.limit_s = PATIENCE_S
        try:
            if not _is_pooled(connection):
                return True
        except NoAnswerError as error:
            if self._lends_transactions is None:
                raise
            raise TooManyConnections(f"the pooler gave no session for {PATIENCE_S:g} s") from error
        if self._lends_transactions is None:
            try:
                with closing(connect()) as other:
                    other.limit_s = PATIENCE_S
                    self._lends_transactions = _share(connection, other)
            except Error:
                return False  # a lock that nobody frees would stop everybody; without locks a call is paid twice
        return not self._lends_transactions


def _is_pooled(connection: PatientConnection) -> bool:
    """Say whether the server knows the session by another number than the one that we were given."""
    return connection.info.backend_pid != _asked(connection, "SELECT pg_backend_pid()")


def _share(one: PatientConnection, other: PatientConnection) -> bool:
    """Say whether a setting of `one` is met by `other`, or lost: PgBouncer lends first what was given back last."""
    for _ in range(TRIES):
        mark = token_hex(8)
        _asked(one, MARK.format(mark))
        if _asked(other, LOOK) == mark or _asked(one, LOOK) != mark:
            return True
    return False


def _asked(connection: PatientConnection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
