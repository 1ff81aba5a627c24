"""A database that is lost while it is in use: damaged, and so set aside and salvaged, or gone. Both are told of."""

from __future__ import annotations

from beautyspot.db.faults import Failure
from beautyspot.db.files import make
from beautyspot.db.replacement import (
    inode,
    is_emptied,
    is_hollow,
    is_orphaned,
    set_aside,
    set_orphan_aside,
    was_set_aside,
)
from beautyspot.errors import BeautySpotError, CacheReadWarning, CacheWarning
from beautyspot.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.db.replacement import Identity
    from beautyspot.db.salvage import Brought


class Aside:
    """What becomes of a file at `path` that is damaged or gone."""

    def __init__(self, path: str, synchronous: str, busy_timeout_s: float) -> None:
        """Do nothing yet."""
        self._path = path
        self._synchronous = synchronous
        self._busy_timeout_s = busy_timeout_s
        self._untold: list[Brought] = []
        """Files that nobody was told of yet."""
        self._left: set[Identity] = set()
        """Files that were gone, told of or not."""
        self._notices = Notices()
        self._is_gone = False
        """Whether one is that nobody was told of yet."""
        self._orphan: str | None = None
        """A WAL whose file was gone that nobody was told of yet."""
        self._is_hollow = False
        """Whether the file lost all its content, which nobody was told of yet."""

    def make_way(self, seen: Identity | None, /) -> None:
        """Set aside what a connection would fail of: a file that was emptied, or what a deleted one left."""
        if is_emptied(self._path):
            self.move(seen)
        elif is_orphaned(self._path):
            self._orphan = set_orphan_aside(self._path)
        elif is_hollow(self._path):
            self._is_hollow = True

    def move(self, seen: Identity | None, /) -> None:
        """Set the file aside if it still is the one `seen`; nobody opens the fresh one before its rows are there."""
        set_aside(self._path, seen, then=self._bring_over)

    def opened(self, fresh: Identity | None, /) -> None:
        """Note that a file was opened: it may have the inode of one that was left, and be left in its turn."""
        self._left.discard(fresh)

    def left(self, used: Identity | None, /) -> None:
        """Note that the file `used` lies no longer at `path`; to set it aside is told of by whoever did."""
        if used is None or used in self._left or inode(self._path) == used:
            return
        self._left.add(used)
        self._is_gone = self._is_gone or not was_set_aside(self._path, used)

    def tell(self, *, of_gone: bool = True) -> None:
        """Warn, outside of any lock, of what was set aside, and of what is gone if that touches a result."""
        # A program that ends in a folder which it deleted itself still writes its counts.
        if of_gone and self._is_gone:
            self._is_gone, self._orphan = False, None
            Notices().warn(
                self._path,
                f"the database {self._path!r} was deleted or replaced while it was in use: what it held is computed "
                "again, and kept in the file that lies there now; to clear results, delete the file while nothing "
                "uses it, or call cache_clear() or invalidate()",
                CacheWarning,
            )
        self._tell_of_hollow()
        if self._orphan and not self._left:  # else it was our own, of a file that is told of
            place, self._orphan = self._orphan, None
            Notices().warn(
                place,
                f"the database {self._path!r} was deleted and its WAL was left, which is set aside as {place!r}; a "
                "fresh one is begun; delete that WAL when nothing is missed",
                CacheReadWarning,
            )
        while self._untold:
            count, place, is_all, may_revive = self._untold.pop()
            among = ", among which some may be that had been deleted" if may_revive else ""
            rest = (
                "all that can be read of it; delete that file when nothing is missed"
                if is_all
                else f"`beautyspot repair --db {self._path}` brings back what it still holds"
            )
            Notices().warn(
                place,
                f"the database {self._path!r} can't be read any more, so it was set aside as {place!r}, and a fresh "
                f"one is begun with {count} results out of it{among}; {rest}",
                CacheReadWarning,
            )

    def _tell_of_hollow(self) -> None:
        if not self._is_hollow:
            return
        self._is_hollow = False
        self._notices.warn(
            self._path,
            f"the database {self._path!r} is empty, though the files beside it tell that it held results: they are "
            "computed again; put a copy of it back while nothing uses it, if there is one, before `beautyspot "
            "clean` removes its blobs",
            CacheReadWarning,
        )

    def _bring_over(self, place: str) -> None:
        from beautyspot.db.salvage import Brought, bring_over  # few programs ever need it

        brought = Brought(0, place, is_all=False)
        try:
            fresh = make(self._path, self._synchronous, self._busy_timeout_s)
            try:
                brought = bring_over(place, fresh)
            finally:
                fresh.close()
        except (*Failure, BeautySpotError):
            pass  # whoever opens it next says why
        finally:
            self._untold.append(brought)
