"""A session of PostgreSQL to which one can say something without waiting for the answer."""

from collections.abc import Generator
from typing import Any

from psycopg import OperationalError
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.waiting import Wait


class Session:
    """Takes statements of one value each, by libpq's pipeline mode: answers may be read late, but in their order.

    Source: PostgreSQL manual, section 34.5.
    """

    def __init__(self, driver: Any) -> None:
        """Speak through a psycopg connection, which nobody else uses from now on."""
        self._driver = driver
        self._libpq = driver.pgconn
        self._owed = 0
        """Answers that were not read yet."""
        self._libpq.enter_pipeline_mode()

    def tell(self, statement: bytes, /) -> None:
        """Send `statement` and wait for nothing.

        Raises:
            psycopg.OperationalError: the connection is lost.
        """
        self._libpq.send_query_params(statement, None)
        self._libpq.pipeline_sync()
        self._owed += 1

    def ask(self, statement: bytes, /) -> bytes:
        """Send `statement` and return its answer as text.

        Raises:
            psycopg.OperationalError: there is none.
        """
        self.tell(statement)
        answer = None
        while self._owed:
            answer = self._driver.wait(self._answer())
            self._owed -= 1
        if answer is None:
            raise OperationalError(self._libpq.error_message.decode("utf-8", "replace").strip() or "no answer")
        return answer

    def _answer(self) -> Generator[Any, Any, bytes | None]:
        answer: bytes | None = None
        while True:
            while self._libpq.is_busy():
                yield Wait.R
                self._libpq.consume_input()
            result = self._libpq.get_result()
            if result is None:
                if self._libpq.status == ConnStatus.BAD:
                    raise OperationalError("the connection is lost")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return answer
            elif result.status == ExecStatus.TUPLES_OK:
                answer = result.get_value(0, 0)
