"""The lines of Python that load a result elsewhere."""

from beautyspot.errors import BeautySpotError
from beautyspot.protocols import BlobStorage
from beautyspot.records import Task
from sqlalchemy.engine import make_url

from beautyspot_dashboard.place import Place

PASSWORD = "PASSWORD"  # noqa: S105 - what stands in place of one
WITHOUT_BLOB = """\
from beautyspot.catalog import Catalog

with Catalog.open({database!r}) as catalog:
    value = catalog.values().read(catalog.task({key!r}))
"""
WITH_BLOB = """\
from beautyspot.catalog import Catalog
from beautyspot.storage import create_storage

with Catalog.open({database!r}) as catalog:
    blobs = create_storage({storage!r})
    value = catalog.values(blobs).read(catalog.task({key!r}))
"""


def loading(place: Place, task: Task, /) -> str:
    """Return the lines that load the value of `task`; they hold no password, but say where one belongs."""
    database = _database(place)
    storage = _storage(place, task) if task.result_type == "FILE" else None
    where = None if storage is None else _address(storage)
    code = WITHOUT_BLOB if where is None else WITH_BLOB
    note = f"# put the password in place of {PASSWORD}\n" if PASSWORD in database else ""
    return note + code.format(database=database, storage=where, key=task.cache_key)


def _database(place: Place) -> str:
    if "://" not in place.database:
        return place.name
    url = make_url(place.database)
    secret = {name: PASSWORD for name in url.query if "password" in name.lower()}
    url = url.update_query_dict(secret)
    return (url.set(password=PASSWORD) if url.password else url).render_as_string(hide_password=False)


def _storage(place: Place, task: Task) -> BlobStorage | None:
    """Return the storage that has the blob; the first if none has, or there is no other."""
    for storage in place.storages if len(place.storages) > 1 else ():
        try:
            content = place.catalog().values(storage).open(task)
        except BeautySpotError:
            continue
        if content is not None:
            content.close()
        return storage
    return next(iter(place.storages), None)


def _address(storage: BlobStorage) -> str | None:
    """Return what `create_storage` takes; None for a storage that isn't ours."""
    bucket = getattr(storage, "bucket", None)
    found = getattr(storage, "root", None) if bucket is None else getattr(bucket, "url", None)
    return None if found is None else str(found)
