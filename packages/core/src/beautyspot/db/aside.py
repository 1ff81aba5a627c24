"""A database that can't be read any more: set aside, what it still holds brought over, and told of."""

from __future__ import annotations

from beautyspot.db.faults import Failure
from beautyspot.db.files import make
from beautyspot.db.replacement import set_aside
from beautyspot.errors import BeautySpotError, CacheReadWarning
from beautyspot.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.db.replacement import Identity
    from beautyspot.db.salvage import Brought


class Aside:
    """What becomes of a damaged file at `path`."""

    def __init__(self, path: str, synchronous: str, busy_timeout_s: float) -> None:
        """Do nothing yet."""
        self._path = path
        self._synchronous = synchronous
        self._busy_timeout_s = busy_timeout_s
        self._untold: list[Brought] = []
        """Files that nobody was told of yet."""

    def move(self, seen: Identity | None, /) -> None:
        """Set the file aside if it still is the one `seen`; nobody opens the fresh one before its rows are there."""
        set_aside(self._path, seen, then=self._bring_over)

    def tell(self) -> None:
        """Warn of what was set aside, outside of any lock."""
        while self._untold:
            count, place, is_all = self._untold.pop()
            rest = (
                "all that can be read of it; delete that file when nothing is missed"
                if is_all
                else f"`beautyspot repair --db {self._path}` brings back what it still holds"
            )
            Notices().warn(
                place,
                f"the database {self._path!r} can't be read any more, so it was set aside as {place!r}, and a fresh "
                f"one is begun with {count} results out of it; {rest}",
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
