"""What SQLite itself takes, with nothing of a cache around it: one kept connection, WAL, `synchronous = NORMAL`.

The table and its indexes are those that beautyspot writes, from the same `schema.sql`, so that a ratio says what our
Python adds and not what a column costs.
"""

import sqlite3
import time
from hashlib import sha256
from importlib.resources import files
from typing import Any

from msgpack import packb, unpackb

SELECT = "SELECT result_data FROM tasks WHERE cache_key = ?"
INSERT = (
    "INSERT OR REPLACE INTO tasks (cache_key, func_name, input_id, result_type, result_value, result_data, "
    "content_type, version, updated_at, expires_at, size_bytes, elapsed_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
UPSERT = (
    "INSERT INTO limits (name, tat_s) VALUES (?1, ?2 + ?3) "
    "ON CONFLICT (name) DO UPDATE SET tat_s = max(tat_s, ?2) + ?3 RETURNING tat_s"
)


def connect(path: str) -> sqlite3.Connection:
    """Open the database at `path` in autocommit, with beautyspot's tables."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(files("beautyspot.db").joinpath("schema.sql").read_text("utf-8"))
    return connection


class Rows:
    """Keyed rows and no more: the key is given, not made, and nobody waits for anybody."""

    def __init__(self, path: str) -> None:
        """Start with an empty file."""
        self.connection = connect(path)
        self.execute = self.connection.execute

    def get(self, key: str) -> Any:
        """Read one value: a keyed SELECT and msgpack's `unpackb`."""
        return unpackb(self.execute(SELECT, (key,)).fetchone()[0])

    def put(self, key: str, value: Any) -> None:
        """Keep one value: msgpack's `packb`, and an INSERT of 12 columns, the key and an index, committed by itself."""
        data = packb(value)
        row = (key, "bench.short", key, "DIRECT_BLOB", None, data, None, None, TIME, None, len(data), 0.0)
        self.execute(INSERT, row)


def key_of(number: int) -> str:
    """Return a key that looks like ours: 32 hex digits without an order."""
    return sha256(str(number).encode()).hexdigest()[:32]


TIME = "2026-01-01 00:00:00.000000"


def upsert_batch(path: str) -> Any:
    """Return the batch of bare UPSERT … RETURNING statements on the table of shared limits."""
    execute = connect(path).execute

    def batch(count: int) -> float:
        start_s = time.perf_counter()
        for _ in range(count):
            execute(UPSERT, ("bench", time.time(), 1e-9)).fetchall()
        return time.perf_counter() - start_s

    return batch
