"""Databases of tasks, each named by a URL."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.db.memory import MemoryTaskDB
    from beautyspot.db.opening import SCHEMES, open_db
    from beautyspot.db.redis import RedisTaskDB
    from beautyspot.db.sql import SQLTaskDB
    from beautyspot.db.sqlite import SQLiteTaskDB
    from beautyspot.protocols import TaskDB
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "MemoryTaskDB": "beautyspot.db.memory",
            "open_db": "beautyspot.db.opening",
            "RedisTaskDB": "beautyspot.db.redis",
            "SCHEMES": "beautyspot.db.opening",
            "SQLiteTaskDB": "beautyspot.db.sqlite",
            "SQLTaskDB": "beautyspot.db.sql",
            "TaskDB": "beautyspot.protocols",
        },
    )

__all__ = ["SCHEMES", "MemoryTaskDB", "RedisTaskDB", "SQLTaskDB", "SQLiteTaskDB", "TaskDB", "open_db"]
