"""Rows whose trouble never reaches the host: its caller would lose an answer that was paid for.

A marked function raises what a Spot with `on_save_error="raise"`, or a user who makes warnings errors, wants raised.
Out of a host's interfaces it could only come in the place of the answer, so it is told.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from beautyspot.errors import CacheReadWarning, CacheSaveWarning, CacheWarning
from beautyspot.notices import Notices, told, trouble
from beautyspot.rows import Rows
from beautyspot.store import Hit, Label

if TYPE_CHECKING:
    from beautyspot.parts import Parts
    from beautyspot.protocols import Serializer

NEXT_STEP = "`beautyspot doctor` says what is wrong with the store"


def report(
    notices: Notices,
    host: str,
    what: str,
    error: Exception,
    category: type[CacheWarning],
    /,
    *,
    next_step: str = NEXT_STEP,
) -> None:
    """Tell, once for each kind, of a trouble of ours that the program goes on without.

    Args:
        notices: Of the store.
        host: Whose answers are kept, such as `LangChain`.
        what: What the cache could not do.
        error: Why.
        category: Of the warning.
        next_step: What the user does about it.
    """
    notices.tell(
        (host, what, trouble(error)),
        f"the cache of {host}'s answers {what} ({told(error)}); the program goes on without; {next_step}",
        category,
    )


class LenientRows(Rows):
    """Reads and keeps as `Rows` does, and tells what goes wrong."""

    def __init__(
        self,
        parts: "Parts",
        host: str,
        /,
        serializer: "Serializer | None" = None,
        *,
        forgives: type[Exception] = Exception,
    ) -> None:
        """Stand on the parts of a Spot.

        Args:
            parts: Of the Spot.
            host: Whose answers are kept, such as `LangChain`.
            serializer: Instead of the Spot's own.
            forgives: What is told instead of raised; `CacheWarning` for rows that may be somebody's only copy, where
                `on_save_error="raise"` holds and warnings made errors do not.
        """
        super().__init__(parts, serializer)
        self._notices, self._host, self._forgives = parts.store.notices, host, forgives

    def read(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Return what is kept under each key; None where nothing is that can be read."""
        try:
            return super().read(keys)
        except self._forgives as error:
            self._tell("could not look an answer up", error, CacheReadWarning)
        return self._read_each(keys)

    async def read_async(self, keys: Sequence[str], /) -> list[Hit | None]:
        """Do as `read`."""
        try:
            return await super().read_async(keys)
        except self._forgives as error:
            self._tell("could not look an answer up", error, CacheReadWarning)
        return await self.in_thread(self._read_each, keys)

    def keep(self, rows: Sequence[tuple[Label, Any]], /) -> list[Label]:
        """Keep the values, each that can be kept, and return the labels of the others."""
        refused = self._refused(rows)
        if refused is None and len(rows) > 1:
            return [label for row in rows for label in self.keep([row])]
        return [label for label, _ in rows] if refused is None else refused

    def _read_each(self, keys: Sequence[str]) -> list[Hit | None]:
        """Return what can be read of a batch that one row has stopped; what is wrong with that row was told."""
        hits: list[Hit | None] = [None] * len(keys)
        for place, key in enumerate(keys if len(keys) > 1 else ()):
            with suppress(Exception):
                hits[place] = super().read([key])[0]
        return hits

    def _refused(self, rows: Sequence[tuple[Label, Any]]) -> list[Label] | None:
        """Return the labels of the values that can't be kept; None where it can't be said which."""
        try:
            return super().keep(rows)
        except self._forgives as error:
            self._tell("could not keep an answer", error, CacheSaveWarning)
            return None

    def _tell(self, what: str, error: Exception, category: type[CacheWarning]) -> None:
        report(self._notices, self._host, what, error, category)
