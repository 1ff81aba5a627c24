"""Rows of releases 0.3 to 2.x in a SQLite file that was upgraded."""

from __future__ import annotations

from beautyspot.db.rows import TASK_COLUMNS, task_of
from beautyspot.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from beautyspot.db.connections import Connections
    from beautyspot.db.kept import Execute
    from beautyspot.records import Task

    Read: TypeAlias = "Callable[[Callable[[Execute], Any]], Any]"

GET = f"SELECT {TASK_COLUMNS} FROM tasks WHERE cache_key = ? AND size_bytes IS NULL"  # noqa: S608 - ours
CLAIM = "UPDATE legacy_names SET claimed_by = ? WHERE func_name = ? AND claimed_by IS NULL"
CLAIMED = "SELECT claimed_by FROM legacy_names WHERE func_name = ?"


def holds_any(read: Read, /) -> bool | None:
    """Say whether there are any; None while the file can't be read."""
    try:
        return read(lambda execute: execute("SELECT 1 FROM legacy_names LIMIT 1").fetchone()) is not None
    except StorageError:
        return None


def get(read: Read, key: str, /) -> Task | None:
    """Return the whole row under `key`."""
    row = read(lambda execute: execute(GET, (key,)).fetchone())
    return None if row is None else task_of(row, ())


def claim(connections: Connections, name: str, func_name: str, /) -> str:
    """Let `func_name` claim the rows of the bare function name, unless another did, and return who holds them."""
    holder = _holder(connections, name)
    if holder is not None:
        return holder
    try:
        connections.write(lambda execute: execute(CLAIM, (func_name, name)))
    except StorageError:
        return func_name
    return _holder(connections, name) or func_name


def _holder(connections: Connections, name: str) -> str | None:
    row = connections.read(lambda execute: execute(CLAIMED, (name,)).fetchone())
    return row[0] if row is not None else None
