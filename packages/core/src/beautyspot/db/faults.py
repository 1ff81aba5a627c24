"""What SQLite's errors mean to whoever called, and what they can do."""

import sqlite3

from beautyspot.errors import StorageError

WAITABLE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
PASSING = WAITABLE | {sqlite3.SQLITE_FULL}
"""What is over for a connection once its cause is. On a full disk the last one to be closed tries to empty the WAL, and
the next one reads all of it: 7 ms for 12 MB, at each write."""
UNREADABLE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

STALE = READ_ONLY | UNREADABLE | {sqlite3.SQLITE_IOERR}
"""What a connection keeps saying after the cause is gone, so a new one is asked before anybody is told."""

Failure = (sqlite3.Error, sqlite3.Warning, OSError, OverflowError, UnicodeError)
"""What a statement can raise: a number too large or text that is not Unicode never reaches SQLite."""

HELD = "another process holds it; end that process, or wait longer with db=SQLiteTaskDB(path, busy_timeout_s=…)"
NEXT_STEPS = {
    sqlite3.SQLITE_BUSY: HELD,
    sqlite3.SQLITE_LOCKED: HELD,
    sqlite3.SQLITE_PROTOCOL: HELD,
    sqlite3.SQLITE_READONLY: "make the file, its -wal and -shm, and their folder writable, or give another path",
    sqlite3.SQLITE_CANTOPEN: "see that its folder exists and can be written, or give another path",
    sqlite3.SQLITE_PERM: "make the file and its folder readable and writable, or give another path",
    sqlite3.SQLITE_FULL: "free some space, or give another path",
    sqlite3.SQLITE_IOERR: "see that the disk is there and has space, or give another path",
    sqlite3.SQLITE_CORRUPT: "`beautyspot repair` saves what can be read, or move the file away, and a new one is made",
    sqlite3.SQLITE_NOTADB: "move the file away, and a new one is made",
    sqlite3.SQLITE_TOOBIG: "keep large results as blobs with save_blob=True",
}

NO_UNICODE = "give tags, versions and texts of input_key_fn that are Unicode, without lone surrogates"


def code_of(error: BaseException, /) -> int:
    """Return SQLite's primary result code, or 0 if `error` did not come from it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def tells_damage(error: BaseException, /) -> bool:
    """Say whether `error` is one that a file raises only if it isn't as we wrote it, be it the text of its schema."""
    if code_of(error) != sqlite3.SQLITE_ERROR:
        return code_of(error) in UNREADABLE
    return any(words in str(error) for words in ("no such column", "has no column named"))


def locked(path: str, /) -> StorageError:
    """Return the error of a write whose turn didn't come."""
    return StorageError(f"database is locked ({path!r}); {NEXT_STEPS[sqlite3.SQLITE_BUSY]}")


def within_write(path: str, /) -> StorageError:
    """Return the error of a write that was asked for in the middle of another of the same thread."""
    return StorageError(
        f"{path!r} is in the middle of a write that a signal handler or a __del__ of this thread interrupted; "
        "keep results in functions that are called when it is done"
    )


def storage_error(path: str, error: BaseException, /) -> StorageError:
    """Return the `StorageError` that says what became of the database at `path`, and what to do."""
    if isinstance(error, StorageError):
        return error
    code = sqlite3.SQLITE_CANTOPEN if isinstance(error, OSError) else code_of(error)
    step = (
        NO_UNICODE
        if isinstance(error, UnicodeError)
        else NEXT_STEPS.get(code, "see that it is a database of beautyspot on a working disk, or give another path")
    )
    return StorageError(f"{error} ({path!r}); {step}")
