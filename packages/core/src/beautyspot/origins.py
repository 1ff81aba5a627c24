"""Two files that share results: of one name, on one store, in different processes."""

from __future__ import annotations

import os

from beautyspot.errors import CacheWarning
from beautyspot.powers import notes_origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.keys import KeyMaker
    from beautyspot.notices import Notices
    from beautyspot.protocols import SupportsOrigins, TaskDB


class Origin:
    """The file that one function is written in, compared with that which kept a result last.

    Looked up at the first hit of a process and noted at the first result that it keeps.
    """

    def __init__(self, keys: KeyMaker, qualname: str, path: str, db: SupportsOrigins, notices: Notices) -> None:
        """Ask nothing yet."""
        self._keys, self._qualname, self._path, self._db, self._notices = keys, qualname, path, db, notices
        self.is_unread = self.is_unwritten = True

    def read(self) -> None:
        """Warn if another file kept the last result, and its function of that name does something else."""
        self.is_unread = False
        try:
            self._compare(self._db.origin(self._keys.scope))
        except Exception:  # noqa: BLE001 - a backend's trouble; whoever asks it for results tells of it
            return

    def write(self) -> None:
        """Note that its results are kept by this file from now on, and warn as `read` does."""
        self.is_unread = self.is_unwritten = False
        try:
            scope = self._keys.scope
            noted = self._db.origin(scope)
            if noted != self._path:
                self._db.note_origin(scope, self._path)
            self._compare(noted)
        except Exception:  # noqa: BLE001 - as above; the result is kept all the same
            return

    def _compare(self, noted: str | None) -> None:
        if noted is None or noted == self._path:
            return
        from beautyspot.keys.namesakes import warning_of_files  # few functions have one

        warning = warning_of_files(self._keys.func_name, self._qualname, self._path, noted)
        if warning is not None:
            self._notices.tell((self._keys.func_name, "namesake"), warning, CacheWarning)


class Origins:
    """Those of the functions of one Spot."""

    def __init__(self, db: TaskDB, notices: Notices) -> None:
        """Know no function yet."""
        self._db = db if notes_origins(db) else None
        self._notices = notices
        # One for all marks of a function: `spot.run` marks at each call, and would ask at each.
        self._known: dict[tuple[str | None, ...], Origin] = {}

    def of(self, keys: KeyMaker, /) -> Origin | None:
        """Return that of the function of `keys`; None where its code is in them, or nobody could tell its file."""
        code = None if self._db is None else keys.code
        if self._db is None or code is None or not code.co_filename.endswith(".py"):
            return None
        who = keys.func_name, keys.version, code.co_filename
        origin = self._known.get(who)
        if origin is None:
            # A path of now: `os.chdir` would change what a relative one means.
            path = os.path.abspath(code.co_filename)  # noqa: PTH100 - pathlib is 3 ms
            origin = self._known.setdefault(who, Origin(keys, code.co_qualname, path, self._db, self._notices))
        return origin
