"""What the verbs that remove something share: they show it, ask, remove it, and say what that came to."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from heapq import nsmallest
from typing import Any

from typer import Abort, Exit, confirm

from beautyspot.cli.database import Place
from beautyspot.cli.listing import print_tasks
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import Deleted, Look, delete_tasks
from beautyspot.records import Task

SHOWN = 10
"""Results to look at before an answer; a million would scroll the question away."""


def filters_of(**given: Any) -> dict[str, Any]:
    """Return the filters of `Catalog.tasks` that were given."""
    return {name: value for name, value in given.items() if value not in (None, False)}


def remove_tasks(place: Place, tasks: Callable[[], Iterable[Task]], /, *, dry_run: bool, yes: bool) -> None:
    """Show and delete what `tasks` lists, unless the user says no.

    It is listed anew after the answer, and goes as far as it was listed before and not kept anew since.
    """
    look, keys = Look(), list[str]()
    shown = nsmallest(SHOWN, _noted(keys, look.watch(tasks())), key=lambda task: task.updated_at)
    count = look.count
    if count and not place.as_json:
        print_tasks(shown)
        if count > SHOWN:
            say(f"the oldest {SHOWN} of {count}; --dry-run --json names all")
    if count and not dry_run and not yes:
        ask(f"{count_text(count, 'result')}, {bytes_text(look.size_bytes)}")
    done = Deleted(count, look.size_bytes, 0)
    if not dry_run:
        storages = place.storages()
        keys.clear()
        with closing(open_db(place.database())) as db, progress_bar("deleting", count) as progress:
            storage = storages[0] if storages else None
            done = delete_tasks(_noted(keys, look.only_seen(tasks())), db, storage, progress=progress)
    if place.as_json:
        document = {"dry_run": dry_run, "deleted": done.tasks, "size_bytes": done.size_bytes}
        print_json({**document, "blobs_left": done.blobs_left, "keys": keys})
        return
    tell(count_text(done.tasks, "result"), done.size_bytes, done.blobs_left, dry_run=dry_run)


def _noted(keys: list[str], tasks: Iterable[Task]) -> Iterator[Task]:
    for task in tasks:
        keys.append(task.cache_key)
        yield task


def ask(what: str, more: str = "", /) -> None:
    """Return once the user agrees that `what` goes.

    Raises:
        ConfigurationError: there is nobody to ask.
        Exit: the user said no.
    """
    agree(f"Delete {what}{more}?", "nothing was deleted")


def agree(question: str, otherwise: str, /) -> None:
    """Return once the user says yes to `question`; raises as `ask` does, after saying `otherwise`."""
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nobody is there to answer {question!r}, as stdin is no terminal; add --yes, or --dry-run to look"
        )
    code = 1
    try:
        if confirm(question, err=True):
            return
    except Abort as error:  # Ctrl-D is a no as well
        say("")
        code = 130 if isinstance(error.__context__, KeyboardInterrupt) else 1
    say(otherwise)
    raise Exit(code)


def tell(what: str, size_bytes: int, blobs_left: int, /, *, dry_run: bool) -> None:
    """Say what a removal came to."""
    say(f"{'would delete' if dry_run else 'deleted'} {what}, {bytes_text(size_bytes)}")
    if blobs_left:
        say(
            f"  {count_text(blobs_left, 'blob')} could not be deleted, or lie elsewhere: "
            "`beautyspot clean --storage PATH` deletes there what no row names"
        )
