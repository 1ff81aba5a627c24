"""A number beside a SQLite file that is another one after every change to a row that was there."""

import os
import stat
from collections.abc import Sequence

SIZE_BYTES = 8
NOWHERE: Sequence[int] = (0,)
"""Stands for the file's content while it is not mapped."""


class Generation:
    """What tells a process that rows it holds in memory may be old.

    The file holds 8 bytes, mapped by whoever holds rows, and written by whoever changes or deletes one, after the
    commit and before the call returns. They are random: two who count up at once could arrive at the same number, or at
    one that somebody knows from before. Whoever reads a row under one value of `view[0] + salt` may give it out
    while the value is the same, if the value was read before the row.
    """

    __slots__ = ("_database", "_identity", "_path", "salt", "view")

    def __init__(self, database: str, /) -> None:
        """Stand beside the file `database`; map nothing yet."""
        # As SQLite does with its own files beside it: two names of one file must meet.
        self._database = os.path.realpath(database)
        self._path = f"{self._database}-generation"
        self._identity: tuple[int, int] | None = None
        self.view: Sequence[int] = NOWHERE
        """Its first item is the file's number now; read in 0.02 µs."""
        self.salt = _number()
        """This process's own part: changed by its own writes, so that they never hang on the file."""

    def open(self) -> bool:
        """Map the file, made if it isn't there, and say whether that worked."""
        self.close()
        try:
            from mmap import ACCESS_READ, mmap  # a shared library, which only a process with repeated hits needs

            mode = stat.S_IMODE(os.stat(self._database).st_mode) & 0o666  # noqa: PTH116 - pathlib takes 3 ms to import
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.fstat(file).st_size < SIZE_BYTES:
                    os.chmod(self._path, mode)  # noqa: PTH101 - who may write the one must write the other
                    # Never in the place of a longer one, and never cut: a page that is gone under a map is a SIGBUS.
                    os.write(file, os.urandom(SIZE_BYTES))
                status = os.fstat(file)
                view = memoryview(mmap(file, SIZE_BYTES, access=ACCESS_READ)).cast("Q")
            finally:
                os.close(file)
        except (ImportError, OSError, ValueError):  # it can't be written, or not mapped
            return False
        self._identity, self.view = (status.st_dev, status.st_ino), view
        return True

    def is_in_place(self) -> bool:
        """Say whether the mapped file is still the one that others write to, without touching the map."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - as above
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity and status.st_size >= SIZE_BYTES

    def renew(self) -> None:
        """Make every process drop what it holds; called when a change is committed."""
        self.forget()
        try:
            # Written, not stored into a map, which would be a SIGBUS on a full disk; opened by its name each time, so
            # that it is the file that others map now. Where there is none, nobody holds a row.
            file = os.open(self._path, os.O_WRONLY)
            try:
                os.write(file, os.urandom(SIZE_BYTES))
            finally:
                os.close(file)
        except OSError:
            return  # others find the change when they next ask the database

    def forget(self) -> None:
        """Make this process drop what it holds."""
        self.salt = _number()

    def close(self) -> None:
        """Let go of the file; the map goes when nobody reads it any more."""
        self.view, self._identity = NOWHERE, None
        self.forget()


def _number() -> int:
    return int.from_bytes(os.urandom(SIZE_BYTES), "big")
