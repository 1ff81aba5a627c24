"""`beautyspot delete`."""

from typing import Annotated, Any

from typer import Argument, Context, Option

from beautyspot.catalog import Catalog
from beautyspot.cli.far import named, removable, speaks_sql
from beautyspot.cli.options import Db, DryRun, Expired, Function, Json, OlderThan, Storage, Tag, Version, Yes, place_of
from beautyspot.cli.removal import filters_of, remove_tasks
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import tasks_of
from beautyspot.records import Task


def delete(
    context: Context,
    keys: Annotated[list[str] | None, Argument(help="Keys, or enough of their starts.")] = None,
    function: Function = None,
    version: Version = None,
    tag: Tag = None,
    older_than: OlderThan = None,
    expired: Expired = False,
    everything: Annotated[bool, Option("--all", help="Whatever is kept.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete results by key, those that every filter names, or with --all each of them. Asks first."""
    place = place_of(context, db, storage, as_json)
    filters = filters_of(function=function, version=version, tag=tag, older_than=older_than, expired=expired)
    if [bool(keys), bool(filters), everything].count(True) != 1:
        raise ConfigurationError(
            "nothing says what to delete, or two things do; "
            "give either keys, or --function, --version, --tag, --older-than or --expired, or --all"
        )
    tasks = _tasks(place.database(), keys, filters)
    remove_tasks(place, lambda: tasks, dry_run=dry_run, yes=yes)


def _tasks(database: str, keys: list[str] | None, filters: dict[str, Any]) -> list[Task]:
    if not speaks_sql(database):
        found = named(database, keys) if keys else removable(database, None, **filters)
        return list({task.cache_key: task for task in found}.values())
    with Catalog.open(database) as catalog:
        found = map(catalog.task, keys) if keys else tasks_of(catalog, **filters)
        return list({task.cache_key: task for task in found}.values())
