"""What the errors of a database server mean to whoever called, and what they can do."""

import re
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from beautyspot.errors import BeautySpotError, StorageError

UNREACHABLE = "see that the server runs and can be reached, and that user, password and name of the URL are right"
NEXT_STEPS = {
    "22": "give tags, versions and texts of input_key_fn without NUL characters and lone surrogates",
    "22P05": "give texts that the database's encoding has, or a database made with ENCODING 'UTF8'",
    "25006": "give the URL of a server that takes writes, or let somebody else write",
    "28": "give a user and a password that the server knows, in the URL or in ~/.pgpass",
    "54": "give shorter tags and versions",
    "3D": "make the database on the server with `createdb`, or give the URL of one that is there",
    "42501": "grant the user CREATE on the schema, and SELECT, INSERT, UPDATE and DELETE on its tables",
    "53100": "free some space on the server's disk",
    "53300": "raise max_connections of the server, or default_pool_size of a pooler, or give fewer with "
    "db=SQLTaskDB(url, max_connections=…)",
    "SSL": "see what the server offers, and give ?sslmode= and what belongs to it in the URL",
    "08P01": "have the pooler lend whole sessions (pool_mode=session), with `ALTER ROLE … SET search_path` instead of "
    "options= in the URL; or give the port of the server itself",
    "57014": "see what holds the server up, or give it longer with ?statement_timeout=<ms> in the URL",
    "55": "see who holds the lock with `SELECT * FROM pg_locks`, and end that process",
}
"""By SQLSTATE or its class. Source: PostgreSQL manual, appendix A."""

REFUSALS = {
    r"too many clients|too many connections|connection slots|no more connections allowed": "53300",
    r"unsupported startup parameter|statement pooling": "08P01",
    r"authentication failed|no password supplied|pg_hba\.conf|role .* does not exist": "28000",
    r"database .* does not exist": "3D000",
    r"SSL was required|sslmode|certificate": "SSL",
}
"""SQLSTATEs of connections that the server refused, by its words: libpq hands on no others. They may be translated."""
STALE = ("08", "25006", "26000", "40", "42P01", "42703", "57P")
"""A lost connection, a server that became a standby or restarts, a deadlock, tables that somebody dropped: try anew."""


def cause_of(error: BaseException, /) -> BaseException:
    """Return what the driver said."""
    return (error.orig or error) if isinstance(error, DBAPIError) else error


def state_of(error: BaseException, /) -> str:
    """Return the SQLSTATE, or ''."""
    cause = cause_of(error)
    state = getattr(cause, "sqlstate", None) or ""
    if state or type(cause).__name__ != "OperationalError":
        return state
    return next((state for words, state in REFUSALS.items() if re.search(words, str(cause))), "")


def is_full(error: BaseException | None, /) -> bool:
    """Say whether the server has no connection left for us."""
    return error is not None and state_of(error) == "53300"


def is_stale(error: BaseException, /) -> bool:
    """Say whether a new connection may find the cause gone."""
    return state_of(error).startswith(STALE)


def was_taken_back(error: BaseException, /) -> bool:
    """Say whether the server has undone the transaction, as that of a deadlock's victim."""
    return state_of(error) in ("40001", "40P01")


def storage_error(name: str, error: BaseException, /) -> BeautySpotError:
    """Return the error that says what became of the database called `name`, and what to do."""
    if isinstance(error, BeautySpotError):
        return error
    cause = cause_of(error)
    state = state_of(error)
    otherwise = NEXT_STEPS["22"] if is_of_the_row(error) else UNREACHABLE
    step = next((NEXT_STEPS[code] for code in (state, state[:2]) if code in NEXT_STEPS), otherwise)
    # SQLAlchemy's own text has the statement and its values in it, psycopg's has hints on further lines.
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return StorageError(f"{lines[0]} ({name!r}); {step}")


def is_of_the_row(error: BaseException, /) -> bool:
    """Say whether the cause lies in what was to be kept, so that no later try can succeed."""
    cause: Any = cause_of(error)
    names = type(cause).__name__ in ("DataError", "ProgramLimitExceeded")
    return isinstance(cause, ValueError | OverflowError | TypeError) or names


Failure = (SQLAlchemyError, OSError, ValueError, OverflowError, TypeError)
"""What a statement can raise through SQLAlchemy; a driver's own errors come with its `Error`."""
