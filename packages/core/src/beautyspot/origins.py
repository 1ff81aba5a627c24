"""Two files that share results: of one name, on one store, in different processes."""

from __future__ import annotations

import os

from beautyspot.errors import CacheWarning
from beautyspot.powers import notes_origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.keys import KeyMaker
    from beautyspot.notices import Notices
    from beautyspot.protocols import TaskDB


class Origin:
    """The file that one marked function is written in, compared with that whose results it meets.

    Looked up at the first hit of a process and noted at the first result that it keeps, each once and only where
    nothing but the name tells the function in its keys.
    """

    def __init__(self, keys: KeyMaker, db: TaskDB, notices: Notices) -> None:
        """Ask nothing yet."""
        self._keys, self._notices = keys, notices
        self._db = db if notes_origins(db) else None
        code = None if self._db is None else keys.code
        # A path of now: `os.chdir` would change what a relative one means.
        self._path = "" if code is None else os.path.abspath(code.co_filename)  # noqa: PTH100 - pathlib is 3 ms
        self.is_unread = self.is_unwritten = self._path.endswith(".py")

    def read(self) -> None:
        """Warn if the function's results were kept by another of its name, in another file."""
        self.is_unread = False
        try:
            self._compare(None if self._db is None else self._db.origin(self._keys.scope))
        except Exception:  # noqa: BLE001 - a backend's trouble; whoever asks it for results tells of it
            return

    def write(self) -> None:
        """Note that its results are kept by this file from now on, and warn as `read` does."""
        self.is_unread = self.is_unwritten = False
        try:
            scope = self._keys.scope
            noted = None if self._db is None else self._db.origin(scope)
            if self._db is not None and noted != self._path:
                self._db.note_origin(scope, self._path)
            self._compare(noted)
        except Exception:  # noqa: BLE001 - as above; the result is kept all the same
            return

    def _compare(self, noted: str | None) -> None:
        code = self._keys.code
        if noted is None or noted == self._path or code is None:
            return
        from beautyspot.keys.namesakes import warning_of_files  # few functions have one

        warning = warning_of_files(self._keys.func_name, code.co_qualname, self._path, noted)
        if warning is not None:
            self._notices.tell((self._keys.func_name, "namesake"), warning, CacheWarning)
