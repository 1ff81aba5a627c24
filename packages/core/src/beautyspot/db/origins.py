"""Which file the functions of a SQLite file's results are written in."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.db.connections import Connections

GET = "SELECT path FROM origins WHERE scope = ?"
NOTE = "INSERT OR REPLACE INTO origins (scope, path) VALUES (?, ?)"


def get(connections: Connections, scope: str, /) -> str | None:
    """Return the path that was noted last for `scope`."""
    row = connections.read(lambda execute: execute(GET, (scope,)).fetchone())
    return None if row is None else row[0]


def note(connections: Connections, scope: str, path: str, /) -> None:
    """Note `path`."""
    connections.write(lambda execute: execute(NOTE, (scope, path)))
