"""`beautyspot prune`."""

from typing import Annotated

from typer import Context, Option

from beautyspot.catalog import Catalog
from beautyspot.cli.options import Db, Function, Json, OlderThan, Storage, Tag, Version, place_of
from beautyspot.cli.removal import DryRun, Expired, Yes, filters_of, remove_tasks, tasks_where
from beautyspot.errors import ConfigurationError


def prune(
    context: Context,
    expired: Expired = False,
    older_than: OlderThan = None,
    days: Annotated[int | None, Option(min=0, help="Kept longer ago than so many days.")] = None,
    function: Function = None,
    version: Version = None,
    tag: Tag = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete results that nobody needs any more: expired or old ones. Asks first."""
    place = place_of(context, db, storage, as_json)
    if older_than is not None and days is not None:
        raise ConfigurationError(f"two ages, {older_than!r} and {days!r} days; give either --older-than or --days")
    age = older_than if days is None else f"{days}d"
    filters = filters_of(function=function, version=version, tag=tag, older_than=age, expired=expired)
    if not filters:
        raise ConfigurationError(
            "nothing says what to prune; give --expired, --older-than, --days, --function, --version or --tag"
        )
    with Catalog.open(place.database()) as catalog:
        tasks = list(tasks_where(catalog, filters))
    remove_tasks(place, tasks, dry_run=dry_run, yes=yes)
