"""`beautyspot clean`."""

from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from shlex import quote
from typing import Annotated

from typer import Context, Option

from beautyspot.catalog import Catalog
from beautyspot.catalog.source import file_of
from beautyspot.cli.database import Place, databases_around
from beautyspot.cli.far import speaks_sql
from beautyspot.cli.options import Db, DryRun, Grace, Json, Storage, Yes, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import ask
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import open_db
from beautyspot.db.redis_url import parse
from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import Cleaned, Litter, clean, litter, open_neighbour
from beautyspot.protocols import BlobStorage


def clean_blobs(
    context: Context,
    grace: Grace = "1h",
    blobs_are_gone: Annotated[
        bool, Option("--blobs-are-gone", help="Remove the rows whose blob isn't found, be it all of them.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete blobs that no row names, half-written ones, and rows whose blob is gone. Asks first.

    Rows go only with --blobs-are-gone, if their blob is neither in --storage nor beside the database: another Spot may
    keep its own elsewhere. The rows of every database here are asked; one that lies elsewhere and shares the blobs
    would lose its own.
    """
    place = place_of(context, db, storage, as_json)
    _expect_sql(place.database())
    storages = place.storages()
    if not storages:
        raise ConfigurationError("the blobs of a database on a server can lie anywhere; say where with --storage PATH")
    look = partial(
        _litter, place, storages, timedelta(seconds=seconds(grace, from_0=True)), blobs_are_gone=blobs_are_gone
    )
    found = look()
    if (found.blobs or found.tasks) and not dry_run and not yes:
        where = getattr(storages[0], "root", place.storage)
        ask(_what(len(found.blobs), found.size_bytes, len(found.tasks)), f" in {where!r}")
        found = found.still(look())  # the answer may come late
    count = len(found.blobs)
    with closing(open_db(place.database())) as tasks, progress_bar("deleting", count) as progress:
        done = clean(found, tasks, storages[0], dry_run=dry_run, progress=progress)
    _tell(place, found, done, dry_run=dry_run)


def _expect_sql(database: str) -> None:
    """Refuse what no catalog can ask, for which no storage is of help."""
    if not speaks_sql(database):
        name = parse(database).name
        raise ConfigurationError(
            f"{name!r} speaks no SQL to ask which blobs its rows name; copy it into a new file and clean by that within"
            " the hour, as it doesn't name what is kept later: "
            f"`beautyspot migrate --from {quote(name)} --to new.db --yes`, and once that ended well "
            "`beautyspot clean --db new.db --storage URL`"
        )
    file_of(database)


def _litter(place: Place, storages: list[BlobStorage], grace: timedelta, *, blobs_are_gone: bool) -> Litter:
    with ExitStack() as opened:
        database = place.database()
        catalog = opened.enter_context(Catalog.open(database))
        others = [opened.enter_context(open_neighbour(each)) for each in databases_around(database)]
        return litter(catalog, storages, others=others, grace=grace, blobs_are_gone=blobs_are_gone)


def _tell(place: Place, found: Litter, done: Cleaned, *, dry_run: bool) -> None:
    if place.as_json:
        document = {"dry_run": dry_run, "deleted": done.blobs, "size_bytes": done.size_bytes, "rows": done.tasks}
        names = {"locations": [blob.location for blob in found.blobs], "keys": [task.cache_key for task in found.tasks]}
        print_json({**document, "blobs_left": done.blobs_left, "rows_left": found.elsewhere, **names})
        return
    left = f"; {count_text(done.blobs_left, 'blob')} could not be deleted" if done.blobs_left else ""
    would = "would delete" if dry_run else "deleted"
    say(f"{would} {_what(done.blobs, done.size_bytes, done.tasks)}{left}")
    if found.elsewhere:
        where = "beside the database" if place.storage is None else "there or beside the database"
        say(
            f"  {count_text(found.elsewhere, 'result')} stayed whose blob isn't {where}: name its folder "
            "with --storage, or say --blobs-are-gone to remove them if no other Spot keeps it elsewhere"
        )


def _what(blobs: int, size_bytes: int, tasks: int) -> str:
    rows = f" and {count_text(tasks, 'result')} without a blob" if tasks else ""
    return f"{count_text(blobs, 'blob')}, {bytes_text(size_bytes)}{rows}"
