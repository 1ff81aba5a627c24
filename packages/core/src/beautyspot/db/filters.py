"""A `TaskFilter` as a condition in SQL, and as a question about one task."""

from beautyspot.db.rows import time_text
from beautyspot.records import Task, TaskFilter

# The names are found by steps from one to the next in their index: comparing the name of each row takes 0.7 s for a
# million. By its end, not LIKE: that would take `_` for any letter, and small letters for capitals.
NAMED = (
    "WITH RECURSIVE names(name) AS (SELECT min(func_name) FROM tasks UNION ALL "
    "SELECT (SELECT min(func_name) FROM tasks WHERE func_name > name) FROM names WHERE name IS NOT NULL) "
    "SELECT name FROM names WHERE name = ? OR substr(name, -length(?)) = ?"
)


def condition(where: TaskFilter, /) -> tuple[str, list[str]]:
    """Return the condition on a row of `tasks`, and what its question marks stand for."""
    parts: list[str] = []
    values: list[str] = []
    if where.function is not None:
        parts.append(f"func_name IN ({NAMED})")
        suffix = f".{where.function}"
        values += [where.function, suffix, suffix]
    if where.version is not None:
        parts.append("version = ?")
        values.append(where.version)
    if where.tags is not None:
        marks = ", ".join("?" * len(where.tags))
        parts.append(f"cache_key IN (SELECT cache_key FROM tags WHERE tag IN ({marks}))")  # noqa: S608 - marks
        values += where.tags
    if where.updated_before is not None:
        parts.append("updated_at < ?")
        values.append(time_text(where.updated_before))
    if where.expired_before is not None:
        parts.append("expires_at < ?")
        values.append(time_text(where.expired_before))
    return " AND ".join(parts) or "TRUE", values


def matches(where: TaskFilter, task: Task, /) -> bool:
    """Say whether `task` meets every condition."""
    function = where.function
    return (
        (function is None or task.func_name == function or task.func_name.endswith(f".{function}"))
        and (where.version is None or task.version == where.version)
        and (where.tags is None or not set(where.tags).isdisjoint(task.tags))
        and (where.updated_before is None or task.updated_at < where.updated_before)
        and (where.expired_before is None or (task.expires_at is not None and task.expires_at < where.expired_before))
    )
