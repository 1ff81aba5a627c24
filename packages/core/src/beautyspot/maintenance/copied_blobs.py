"""Blobs copied for rows: those that a row came to name, and rows whose blob is gone."""

from collections.abc import Iterable

from beautyspot.errors import DamagedEntryError, LostBlobError, StorageError
from beautyspot.protocols import BlobStorage, TaskDB
from beautyspot.records import Task


def named_copies(tasks: Iterable[Task], db: TaskDB, storage: BlobStorage, /) -> set[str]:
    """Return the keys of the `tasks` whose rows are in `db`, and delete the blobs of the others.

    What a database says of its own writing is no proof: where the answer was lost, its client asks again, and finds its
    own row there. So each row is looked at. Where that fails, or a blob can't be deleted, the rest is left for `clean`
    to find: a server that is away would make each of them wait.
    """
    named: set[str] = set()
    for task in tasks:
        try:
            entry = db.get(task.cache_key)
            if entry is not None and entry.result_value == task.result_value:
                named.add(task.cache_key)
            elif task.result_value:
                storage.delete(task.result_value)
        except DamagedEntryError:
            continue
        except StorageError:
            break
    return named


def lacks_blob(key: str, db: TaskDB, storage: BlobStorage, /) -> bool:
    """Say whether the row under `key` names a blob that is not in `storage`.

    Raises:
        StorageError: the storage fails to say, so it may well have it.
    """
    try:
        entry = db.get(key)
    except DamagedEntryError:
        return False
    if entry is None or entry.result_type != "FILE":
        return False
    try:
        storage.open(entry.result_value or "").close()
    except LostBlobError:
        return True
    return False
