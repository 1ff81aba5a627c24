"""`beautyspot delete`."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any

from typer import Argument, Context, Exit, Option, confirm

from beautyspot.catalog import Catalog
from beautyspot.cli.database import Place
from beautyspot.cli.listing import print_tasks
from beautyspot.cli.options import Db, Function, Json, OlderThan, Storage, Tag, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import delete_tasks
from beautyspot.records import Task

SHOWN = 10
PAGE = 1000


def delete(
    context: Context,
    keys: Annotated[list[str] | None, Argument(help="Keys, or enough of their starts.")] = None,
    function: Function = None,
    tag: Tag = None,
    older_than: OlderThan = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be deleted.")] = False,
    yes: Annotated[bool, Option("--yes", "-y", help="Don't ask.")] = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Delete results by key, or all that a filter names. Asks first."""
    place = place_of(context, db, storage, as_json)
    tasks = _chosen(place, keys or [], {"function": function, "tag": tag, "older_than": older_than})
    if tasks and not place.as_json:
        print_tasks(tasks[:SHOWN])
    if tasks and not dry_run and not yes:
        _ask(tasks)
    _delete(place, tasks, dry_run=dry_run)


def _chosen(place: Place, keys: list[str], where: dict[str, Any]) -> list[Task]:
    filters = {name: value for name, value in where.items() if value is not None}
    if bool(keys) == bool(filters):
        raise ConfigurationError(
            "nothing says what to delete, or two things do; give either keys, or --function, --tag or --older-than"
        )
    with Catalog.open(place.database()) as catalog:
        if keys:
            return list({task.cache_key: task for task in map(catalog.task, keys)}.values())
        return list(_all(catalog, filters))


def _all(catalog: Catalog, filters: dict[str, Any]) -> Iterator[Task]:
    after = None
    while True:
        page = catalog.tasks(**filters, limit=PAGE, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return


def _ask(tasks: list[Task]) -> None:
    what = f"{count_text(len(tasks), 'result')}, {bytes_text(sum(task.size_bytes or 0 for task in tasks))}"
    more = f" ({SHOWN} of them are shown)" if len(tasks) > SHOWN else ""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nobody is there to ask before {what} are deleted, as stdin is no terminal; "
            "add --yes, or --dry-run to look"
        )
    if not confirm(f"Delete {what}{more}?", err=True):
        say("nothing was deleted")
        raise Exit(1)


def _delete(place: Place, tasks: list[Task], *, dry_run: bool) -> None:
    storages = place.storages()
    db = open_db(place.database())
    try:
        done = delete_tasks(tasks, db, storages[0] if storages else None, dry_run=dry_run)
    finally:
        db.close()
    if place.as_json:
        document = {"dry_run": dry_run, "deleted": done.tasks, "size_bytes": done.size_bytes}
        print_json({**document, "blobs_left": done.blobs_left, "keys": [task.cache_key for task in tasks]})
        return
    left = f"; {count_text(done.blobs_left, 'blob')} could not be deleted" if done.blobs_left else ""
    verb = "would delete" if dry_run else "deleted"
    say(f"{verb} {count_text(done.tasks, 'result')}, {bytes_text(done.size_bytes)}{left}")
