"""Kept results that could not be read: counted, and warned of."""

from __future__ import annotations

from collections import deque

from beautyspot.errors import BeautySpotError, CacheReadWarning, DamagedEntryError, LostBlobError
from beautyspot.notices import trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from beautyspot.notices import Notices

REMEMBERED = 256
"""Keys of results that nobody has asked about yet; a call asks about its own as soon as its function has run."""
REASONS = 256
"""Told of one by one: a program has fewer classes, and what names one may be damaged itself."""


class Damage:
    """What one store could not read."""

    def __init__(self, notices: Notices) -> None:
        """Warn by `notices`."""
        self.count = 0
        """Entries met so far that could not be read."""
        self._notices = notices
        self._keys: deque[str] = deque(maxlen=REMEMBERED)
        self._causes: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        self._reasons: set[Hashable] = set()

    def report(self, key: str, error: Exception, again: bool = False, /) -> None:
        """Count an entry that can't be read, unless that was done, and warn of it once for each reason."""
        if not again:
            self.count += 1
            self._keys.append(key)
        met = _met(key, error)
        self._causes.append((key, met))
        reason = trouble(error)
        if reason not in self._reasons and len(self._reasons) >= REASONS:
            reason = type(error)
        self._reasons.add(reason)
        # The doctor knows databases and storages, and nothing of the program's classes.
        knows_better = isinstance(error, DamagedEntryError) and reason is not type(error)
        # A stranger's class of errors tells nothing of why: a save that meets it too is told of beside this.
        subject = reason if isinstance(error, BeautySpotError) else ("read", reason)
        try:
            self._notices.warn(
                subject,
                f"{met}, so it counts as a miss" + ("" if knows_better else "; `beautyspot doctor` says what is wrong"),
                CacheReadWarning,
            )
        except CacheReadWarning:  # made an error by who wants to be asked before a call is paid for again: any call
            self._notices.forget(subject)
            raise

    def cause(self, key: str, /) -> str | None:
        """Return what was met when the entry under `key` could not be read; None if there is none, or long ago."""
        return next((met for each, met in reversed(self._causes.copy()) if each == key), None)

    def forget_cause(self, key: str, /) -> None:
        """Forget what was met under `key`, as it was written anew."""
        if self._causes:
            kept = (pair for pair in self._causes.copy() if pair[0] != key)
            self._causes = deque(kept, maxlen=REMEMBERED)

    def take(self, key: str, /) -> bool:
        """Say whether the entry under `key` was reported since somebody asked."""
        if not self._keys:
            return False
        try:
            self._keys.remove(key)
        except (ValueError, IndexError):  # it wasn't, or another thread changes the deque
            return False
        return True


def _met(key: str, error: Exception) -> str:
    if isinstance(error, LostBlobError):
        return f"the row of {key} is kept, but its value is not found ({type(error).__name__}: {error})"
    return f"the kept result {key} could not be read ({type(error).__name__}: {error})"
