"""`beautyspot prune`."""

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

from typer import Context, Option

from beautyspot.catalog import Catalog
from beautyspot.cli.database import Place
from beautyspot.cli.far import removable, speaks_sql
from beautyspot.cli.options import (
    Db,
    DryRun,
    Expired,
    Function,
    Json,
    MaxSize,
    OlderThan,
    Storage,
    Tag,
    Version,
    Yes,
    place_of,
)
from beautyspot.cli.removal import filters_of, remove_tasks
from beautyspot.db import open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import least_used, tasks_of
from beautyspot.protocols import SupportsUses
from beautyspot.records import Task
from beautyspot.sizes import bytes_of


def prune(
    context: Context,
    expired: Expired = False,
    older_than: OlderThan = None,
    days: Annotated[int | None, Option(min=1, help="Kept longer ago than so many days.")] = None,
    function: Function = None,
    version: Version = None,
    tag: Tag = None,
    max_size: MaxSize = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete results that nobody needs any more: expired, old, or not used for longest. Asks first.

    Filters combine: a result goes if it meets all of them.
    With --function f, --max-size 1GB limits f alone.
    """
    place = place_of(context, db, storage, as_json)
    if older_than is not None and days is not None:
        raise ConfigurationError(f"two ages, {older_than!r} and {days!r} days; give either --older-than or --days")
    age = older_than if days is None else f"{days}d"
    filters = filters_of(function=function, version=version, tag=tag, older_than=age, expired=expired)
    if not filters and max_size is None:
        raise ConfigurationError(
            "nothing says what to prune; "
            "give --expired, --older-than, --days, --function, --version, --tag or --max-size"
        )
    max_bytes = None if max_size is None else bytes_of(max_size)
    remove_tasks(place, lambda: _chosen(place, filters, max_bytes), dry_run=dry_run, yes=yes)


def _chosen(place: Place, filters: dict[str, Any], max_bytes: int | None) -> Iterator[Task]:
    """Yield what goes; without a look at last uses in a file of an earlier release, which has none."""
    database = place.database()
    if not speaks_sql(database):
        yield from removable(database, max_bytes, **filters)
        return
    with Catalog.open(database) as catalog:
        if max_bytes is None:
            yield from tasks_of(catalog, **filters)
            return
        with closing(open_db(database)) as db:
            uses = db.uses if isinstance(db, SupportsUses) and catalog.source.has("uses") else None
            yield from least_used(lambda: tasks_of(catalog, **filters), uses, max_bytes)
