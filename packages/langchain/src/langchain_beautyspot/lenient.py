"""Rows whose trouble never reaches the host: its caller would lose an answer that was paid for.

A marked function raises what a Spot with `on_save_error="raise"`, or a user who makes warnings errors, wants raised.
Out of LangChain's interfaces it could only come in the place of the answer, so it is told.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from beautyspot.errors import CacheReadWarning, CacheSaveWarning, CacheWarning
from beautyspot.notices import Notices, told, trouble
from beautyspot.rows import Rows
from beautyspot.store import Hit, Label

if TYPE_CHECKING:
    from beautyspot.parts import Parts


def report(notices: Notices, what: str, error: Exception, category: type[CacheWarning], /) -> None:
    """Tell, once for each kind, of a trouble of ours that the program goes on without."""
    notices.tell(
        ("langchain", what, trouble(error)),
        f"the cache of LangChain's answers {what} ({told(error)}); the program goes on without; "
        "`beautyspot doctor` says what is wrong with the store",
        category,
    )


class LenientRows(Rows):
    """Reads and keeps as `Rows` does, and tells what goes wrong."""

    def __init__(self, parts: "Parts") -> None:
        """Stand on the parts of a Spot."""
        super().__init__(parts)
        self._notices = parts.store.notices

    def read(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Return what is kept under each key; None where nothing is that can be read."""
        try:
            return super().read(keys)
        except Exception as error:  # noqa: BLE001 - see above
            return self._missed(keys, error)

    async def read_async(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Do as `read`."""
        try:
            return await super().read_async(keys)
        except Exception as error:  # noqa: BLE001 - see above
            return self._missed(keys, error)

    def keep(self, rows: Sequence[tuple[Label, Any]], /) -> list[Label]:
        """Keep the values, each that can be kept, and return the labels of the others."""
        refused = self._refused(rows)
        if refused is None and len(rows) > 1:
            return [label for row in rows for label in self.keep([row])]
        return [label for label, _ in rows] if refused is None else refused

    def _refused(self, rows: Sequence[tuple[Label, Any]]) -> list[Label] | None:
        """Return the labels of the values that can't be kept; None where it can't be said which."""
        try:
            return super().keep(rows)
        except Exception as error:  # noqa: BLE001 - see above
            report(self._notices, "could not keep an answer", error, CacheSaveWarning)
            return None

    def _missed(self, keys: Sequence[str], error: Exception) -> list[Hit | None]:
        report(self._notices, "could not look an answer up", error, CacheReadWarning)
        return [None] * len(keys)
