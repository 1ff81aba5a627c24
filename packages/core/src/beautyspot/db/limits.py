"""The shared limits of a SQLite file."""

from __future__ import annotations

from beautyspot.records import LimitRate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.db.connections import Connections

# No numbered placeholders, here and in `uses`: Python 3.12.0 to 3.12.3 warn that they were named ones.
ADVANCE = (
    "INSERT INTO limits (name, tat_s) VALUES (?, ? + ?) "
    "ON CONFLICT (name) DO UPDATE SET tat_s = max(tat_s, ?) + ? RETURNING tat_s"
)
RESTORE = "UPDATE limits SET tat_s = tat_s - ? WHERE name = ? AND tat_s = ?"
RATE = "SELECT tokens_per_minute, burst FROM limits WHERE name = ?"
# A TAT of 0 was long ago, which is as good as none.
NOTE_RATE = (
    "INSERT INTO limits (name, tat_s, tokens_per_minute, burst) VALUES (?, 0, ?, ?) ON CONFLICT (name) "
    "DO UPDATE SET tokens_per_minute = excluded.tokens_per_minute, burst = excluded.burst"
)


def advance(connections: Connections, name: str, now_s: float, increment_s: float, /) -> float:
    """Set TAT = max(TAT, now) + increment in one step and return the new TAT."""
    values = now_s, increment_s
    # All rows are fetched: a statement that isn't at its end keeps the write lock.
    rows = connections.write(lambda execute: execute(ADVANCE, (name, *values, *values)).fetchall())
    return float(rows[0][0])  # SQLite returns a whole number as int


def restore(connections: Connections, name: str, tat_s: float, increment_s: float, /) -> bool:
    """Take `increment_s` off the TAT if it still is `tat_s`, and say whether it was."""
    return connections.write(lambda execute: execute(RESTORE, (increment_s, name, tat_s)).rowcount) > 0


def note_rate(connections: Connections, name: str, rate: LimitRate, /) -> LimitRate | None:
    """Note what the limit grants, unless that stands there, and return what stood there."""
    row = connections.read(lambda execute: execute(RATE, (name,)).fetchone())
    noted = None if row is None or None in row else LimitRate(*row)
    if noted != rate:
        connections.write(lambda execute: execute(NOTE_RATE, (name, *rate)))
    return noted
