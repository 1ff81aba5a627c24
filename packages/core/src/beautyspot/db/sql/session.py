"""A session of PostgreSQL to which one can say something without waiting for the answer."""

from collections.abc import Generator, Mapping
from typing import Any

from psycopg import OperationalError
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.waiting import Wait

FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)


class Session:
    """Runs prepared statements in libpq's pipeline mode: answers may be read late, but come in their order.

    Source: PostgreSQL manual, section 34.5.
    """

    def __init__(self, driver: Any, statements: Mapping[bytes, bytes]) -> None:
        """Speak through a psycopg connection, which nobody else uses from now on.

        Raises:
            psycopg.OperationalError: the server doesn't answer, or refuses one of the statements.
        """
        self._driver = driver
        self._libpq = driver.pgconn
        self._owed = 1
        """Groups of answers that were not read yet."""
        self._libpq.enter_pipeline_mode()
        for name, text in statements.items():
            self._libpq.send_prepare(name, text)
        self._libpq.pipeline_sync()
        self._read()

    def tell(self, name: bytes, value: bytes, /) -> None:
        """Run a statement and wait for nothing.

        Raises:
            psycopg.OperationalError: the connection is lost.
        """
        self._libpq.send_query_prepared(name, [value])
        self._libpq.pipeline_sync()
        self._owed += 1

    def ask(self, *statements: tuple[bytes, bytes]) -> list[bytes | None]:
        """Run statements of one parameter, and return the first value of each answer as text, None for no row.

        Raises:
            psycopg.OperationalError: there is no answer.
        """
        for name, value in statements:
            self._libpq.send_query_prepared(name, [value])
        self._libpq.pipeline_sync()
        self._owed += 1
        return self._read()

    def _read(self) -> list[bytes | None]:
        """Return the last answers that are owed."""
        answers: list[bytes | None] = []
        while self._owed:
            answers = self._driver.wait(self._answers())
            self._owed -= 1
        return answers

    def _answers(self) -> Generator[Any, Any, list[bytes | None]]:
        answers: list[bytes | None] = []
        failure = b""
        while True:
            while self._libpq.is_busy():
                yield Wait.R
                self._libpq.consume_input()
            result = self._libpq.get_result()
            if result is None:  # the end of one answer, or of all
                if self._libpq.status == ConnStatus.BAD:
                    raise OperationalError("the connection is lost")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                if failure:
                    raise OperationalError(failure.decode("utf-8", "replace").strip())
                return answers
            elif result.status in FAILED:
                failure = failure or result.error_message or b"no answer"
            elif result.status == ExecStatus.TUPLES_OK:
                answers.append(result.get_value(0, 0) if result.ntuples else None)
