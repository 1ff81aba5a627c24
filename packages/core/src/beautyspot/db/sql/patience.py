"""A psycopg connection that gives up on a server which does not answer."""

from contextlib import suppress
from typing import Any, TypeVar

from psycopg import Connection, OperationalError, capabilities
from psycopg.abc import PQGen
from psycopg.waiting import wait

RV = TypeVar("RV")
INTERVAL_S = 0.1
"""How often a wait looks up; psycopg's own."""
GRACE_S = 1.0
"""How much longer than the server's own timeout we wait for its word of it."""
CANCEL_S = 0.5
"""How long an interrupt asks the server to stop what it does; one that is well takes a few milliseconds."""


class NoAnswerError(OperationalError):
    """The server took a statement and is silent."""


class PatientConnection(Connection[Any]):
    """Raises `NoAnswerError` when the server is silent for longer than a statement may take.

    The server's `statement_timeout` ends what it works on, TCP's keepalive finds a machine that is gone; neither
    helps against one that takes our bytes and does nothing. psycopg 3.3 alone has a timeout for that.
    """

    limit_s: float | None = None
    has_session = True
    """Whether what a statement sets or locks holds for the next; not behind a pooler that lends by transactions."""

    def limit_by(self, statement_timeout_ms: int, session: str, /) -> None:
        """Run `session`, if it is ours alone, and let no statement take longer from now on; 0 for no limit."""
        self.limit_s = statement_timeout_ms / 1000 + GRACE_S if statement_timeout_ms else None
        if not self.has_session:  # it would be set for others
            self.prepare_threshold = None
            return
        self.execute(f"{session}; SET statement_timeout = {statement_timeout_ms}".encode())

    def wait(self, gen: PQGen[RV], interval: float = INTERVAL_S, *args: Any, **kwargs: Any) -> RV:
        """Do what `gen` asks for; every statement goes through here."""
        # Not psycopg's own, which lets an interrupt wait 10 s for a silent server, and prints what it does meanwhile.
        patient = gen if self.limit_s is None else _patient(gen, self.limit_s)
        try:
            return wait(patient, self.pgconn.socket, interval, *args, **kwargs)
        except KeyboardInterrupt:
            self._leave()
            raise

    def _leave(self) -> None:
        """Close the connection, in which an answer is on its way."""
        if capabilities.has_cancel_safe():  # an older libpq would wait for the server without end
            with suppress(Exception):  # it ends by itself what nobody waits for any more
                self.cancel_safe(timeout=CANCEL_S)
        self.close()


def _patient(gen: PQGen[RV], limit_s: float) -> PQGen[RV]:
    """Be `gen`, until it had to wait `limit_s` for one answer."""
    intervals = 0
    try:
        wants = next(gen)
        while True:
            ready = yield wants
            intervals = 0 if ready else intervals + 1
            if intervals * INTERVAL_S > limit_s:
                raise NoAnswerError(f"no answer for {limit_s:g} s")
            wants = gen.send(ready)
    except StopIteration as end:
        return end.value
