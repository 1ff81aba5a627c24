"""What the verbs that remove something share: they show it, ask, remove it, and say what that came to."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from typer import Exit, Option, confirm

from beautyspot.catalog import Catalog
from beautyspot.cli.database import Place
from beautyspot.cli.listing import print_tasks
from beautyspot.cli.output import print_json, say
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import delete_tasks
from beautyspot.records import Task

DryRun = Annotated[bool, Option("--dry-run", help="Only say what would be deleted.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Don't ask.")]
Expired = Annotated[bool, Option("--expired", help="Whose time to live has passed.")]
SHOWN = 10
PAGE = 1000


def filters_of(**given: Any) -> dict[str, Any]:
    """Return the filters of `Catalog.tasks` that were given."""
    return {name: value for name, value in given.items() if value not in (None, False)}


def tasks_where(catalog: Catalog, filters: dict[str, Any], /) -> Iterator[Task]:
    """Yield every task that the filters of `Catalog.tasks` name."""
    after = None
    while True:
        page = catalog.tasks(**filters, limit=PAGE, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return


def remove_tasks(place: Place, tasks: Sequence[Task], /, *, dry_run: bool, yes: bool) -> None:
    """Show and delete `tasks`, unless the user says no."""
    if tasks and not place.as_json:
        print_tasks(tasks[:SHOWN])
    if tasks and not dry_run and not yes:
        more = f" ({SHOWN} of them are shown)" if len(tasks) > SHOWN else ""
        ask(f"{count_text(len(tasks), 'result')}, {bytes_text(sum(task.size_bytes or 0 for task in tasks))}", more)
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
    tell(count_text(done.tasks, "result"), done.size_bytes, done.blobs_left, dry_run=dry_run)


def ask(what: str, more: str = "", /) -> None:
    """Return once the user agrees that `what` goes.

    Raises:
        ConfigurationError: there is nobody to ask.
        Exit: the user said no.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nobody is there to ask before {what} are deleted, as stdin is no terminal; "
            "add --yes, or --dry-run to look"
        )
    if not confirm(f"Delete {what}{more}?", err=True):
        say("nothing was deleted")
        raise Exit(1)


def tell(what: str, size_bytes: int, blobs_left: int, /, *, dry_run: bool) -> None:
    """Say what a removal came to."""
    left = f"; {count_text(blobs_left, 'blob')} could not be deleted" if blobs_left else ""
    say(f"{'would delete' if dry_run else 'deleted'} {what}, {bytes_text(size_bytes)}{left}")
