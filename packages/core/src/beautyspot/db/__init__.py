"""Databases of tasks, each named by a URL."""

from beautyspot.db.memory import MemoryTaskDB
from beautyspot.db.opening import SCHEMES, open_db
from beautyspot.db.sqlite import SQLiteTaskDB
from beautyspot.protocols import TaskDB

__all__ = ["SCHEMES", "MemoryTaskDB", "SQLiteTaskDB", "TaskDB", "open_db"]
