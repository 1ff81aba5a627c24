"""One task with its value, as it was listed."""

from zlib import crc32

from beautyspot.errors import DamagedEntryError
from beautyspot.protocols import TaskDB
from beautyspot.records import DAMAGED, Task


def whole_task(db: TaskDB, task: Task, /) -> Task | None:
    """Return the listed `task` with its inline value; None if it was replaced or deleted since.

    Raises:
        DamagedEntryError: its value can't be read, or isn't what was written.
    """
    if task.result_type == DAMAGED:
        raise DamagedEntryError(f"the row {task.cache_key!r} holds values of the wrong types; run its call again")
    entry = db.get(task.cache_key)
    # A value of another call must not come under this row, which tells its type, checksum and compression. A database
    # that compared the checksum itself doesn't give it along.
    if entry is None or entry._replace(result_data=None, checksum=None) != task._replace(checksum=None).entry():
        return None
    data = entry.result_data
    if data is None and not entry.result_value:
        raise DamagedEntryError(f"the row {task.cache_key!r} holds no value; run its call again")
    if data is not None and task.checksum is not None and crc32(data) != task.checksum:
        raise DamagedEntryError(f"the value of {task.cache_key!r} is not what was written; run its call again")
    return task._replace(result_data=data)


def is_in_place(db: TaskDB, task: Task, /) -> bool:
    """Say whether the row of the listed `task` is there yet and names the blob, or none, that it named."""
    entry = db.get(task.cache_key)
    return entry is not None and entry.result_value == task.result_value
