"""`beautyspot clean`."""

from contextlib import ExitStack

from typer import Context

from beautyspot.catalog import Catalog
from beautyspot.cli.database import Place, databases_around
from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import print_json
from beautyspot.cli.removal import DryRun, Yes, ask, tell
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import clean, orphans, unfinished
from beautyspot.protocols import BlobStorage
from beautyspot.records import BlobInfo


def clean_blobs(
    context: Context,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete blobs older than an hour that no row names, and half-written ones. Asks first.

    The rows of every database here are asked. One that lies elsewhere and shares the blobs would lose its own.
    """
    place = place_of(context, db, storage, as_json)
    storages = place.storages()
    if not storages:
        raise ConfigurationError("the blobs of a database on a server can lie anywhere; say where with --storage PATH")
    blobs = _removable(place, storages[0])
    if blobs and not dry_run and not yes:
        size_bytes = sum(blob.size_bytes for blob in blobs)
        where = getattr(storages[0], "root", place.storage)
        ask(f"{count_text(len(blobs), 'blob')}, {bytes_text(size_bytes)}", f" in {where!r}")
    done = clean(blobs, storages[0], dry_run=dry_run)
    if place.as_json:
        document = {"dry_run": dry_run, "deleted": done.blobs, "size_bytes": done.size_bytes}
        print_json({**document, "blobs_left": done.blobs_left, "locations": [blob.location for blob in blobs]})
        return
    tell(count_text(done.blobs, "blob"), done.size_bytes, done.blobs_left, dry_run=dry_run)


def _removable(place: Place, storage: BlobStorage) -> list[BlobInfo]:
    with ExitStack() as opened:
        database = place.database()
        catalogs = [opened.enter_context(Catalog.open(each)) for each in (database, *databases_around(database))]
        return [*orphans(catalogs, storage), *unfinished(storage)]
