"""When results were last read, as a SQLite file keeps it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from beautyspot.db.batches import chunks
from beautyspot.db.connections import Connections
from beautyspot.db.kept import Execute, atomically
from beautyspot.db.rows import time_of, time_text

FRESH = timedelta(hours=1)
"""A note as young as this stays, if it is younger than its result: who asks what was not used for longest thinks in
days, and in a store that is younger than this the first read tells enough."""

NOTE = (
    "INSERT INTO uses (cache_key, used_at) SELECT cache_key, ? FROM tasks WHERE cache_key = ? AND updated_at < ? "
    "ON CONFLICT (cache_key) DO UPDATE SET used_at = excluded.used_at "
    "WHERE used_at < ? OR used_at < (SELECT updated_at FROM tasks WHERE cache_key = ?)"
)
LAST = "SELECT cache_key, used_at FROM uses WHERE cache_key IN ({})"


class SQLiteUses:
    """The table `uses` of one file."""

    def __init__(self, connections: Connections) -> None:
        """Read and write through `connections`."""
        self._connections = connections

    def note(self, keys: Sequence[str], used_at: datetime, /) -> None:
        """Note in one transaction that the results were read, but those noted in the hour before, or gone."""
        used, bound = time_text(used_at), time_text(used_at - FRESH)

        def note_all(execute: Execute) -> None:
            for key in keys:
                execute(NOTE, (used, key, used, bound, key))

        self._connections.write(lambda execute: atomically(execute, note_all))

    def last(self, keys: Sequence[str], /) -> dict[str, datetime]:
        """Return when the results were last read; one that isn't named was not since it was kept."""
        found: dict[str, datetime] = {}
        for chunk, marks in chunks(keys):
            statement = LAST.format(marks)
            rows = self._connections.read(lambda execute, s=statement, k=chunk: execute(s, k).fetchall())
            found.update((key, time_of(used_at)) for key, used_at in rows)
        return found
