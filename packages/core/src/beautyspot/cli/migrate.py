"""`beautyspot migrate`."""

from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Annotated

from typer import Context, Exit, Option

from beautyspot.cli.database import Place, name_of
from beautyspot.cli.options import DryRun, Json, Yes, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import agree
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import MemoryTaskDB, open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance.blob_moves import BlobMove
from beautyspot.maintenance.compare import Comparison, compare
from beautyspot.maintenance.existence import expect_made
from beautyspot.maintenance.migrate import Migrated, migrate
from beautyspot.protocols import BlobStorage, TaskDB

From = Annotated[str, Option("--from", help="Path or URL of the database to read.", metavar="URL")]
To = Annotated[str, Option("--to", help="Path or URL of the database to write.", metavar="URL")]
Blobs = Annotated[bool, Option("--blobs", help="Copy the blobs as well, each under a new name.")]
FromStorage = Annotated[str | None, Option(help="Folder or URL of its blobs.", metavar="URL", show_default="beside it")]
ToStorage = Annotated[str | None, Option(help="Where the copies go, or lie.", metavar="URL", show_default="beside it")]
Verify = Annotated[bool, Option("--verify", help="Copy nothing; compare both sides to the byte.")]


def migrate_tasks(
    context: Context,
    source: From,
    target: To,
    blobs: Blobs = False,
    from_storage: FromStorage = None,
    to_storage: ToStorage = None,
    verify: Verify = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Copy all that one database keeps into another. Asks first; started again, it goes on where it was."""
    as_json = place_of(context, None, None, as_json).as_json
    with ExitStack() as opened:
        databases = [opened.enter_context(closing(database)) for database in _databases(source, target)]
        move = _move(Place(source, from_storage), Place(target, to_storage)) if blobs else None
        if verify:
            # Not those where `Place` finds blobs of others as well: no program that uses this database looks there.
            storage = next(iter(Place(target, to_storage).storages()), None)
            return _verify(databases, move, storage, as_json)
        if not dry_run and not yes:
            _ask(databases)
        _migrate(databases, move, as_json, dry_run)
    return None


def _databases(source: str, target: str) -> list[TaskDB]:
    databases = [open_db(source), open_db(target)]
    for place, database in zip((source, target), databases, strict=True):
        if isinstance(database, MemoryTaskDB):
            raise ConfigurationError(f"{place!r} ends with this command; give a file's path, or the URL of a server")
    expect_made(databases[0])
    if repr(databases[0]) == repr(databases[1]):
        raise ConfigurationError(f"{name_of(databases[0])!r} on both sides; give another one with --to")
    return databases


def _move(source: Place, target: Place) -> BlobMove:
    """Return what copies blobs; the default of a server is nowhere, as its blobs can lie anywhere."""
    sources, targets = source.storages(), target.storages()
    for option, storages in (("--from-storage", sources), ("--to-storage", targets)):
        if not storages:
            raise ConfigurationError(
                f"the blobs of a database on a server can lie anywhere; say where with {option} URL"
            )
    return BlobMove(sources, targets[0])


def _ask(databases: list[TaskDB]) -> None:
    source, target = map(name_of, databases)
    agree(f"Copy what {source!r} keeps into {target!r}?", "nothing was copied")


def _migrate(databases: list[TaskDB], move: BlobMove | None, as_json: bool, dry_run: bool) -> None:
    with progress_bar("copying") as progress:
        done = migrate(*databases, blobs=move, dry_run=dry_run, progress=progress)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
    else:
        _tell(
            done, dry_run, "stay where they are" if move else "were not copied: keep the same storage=, or add --blobs"
        )
    if done.lost or done.failed or done.refused:
        raise Exit(1)


def _tell(done: Migrated, dry_run: bool, named: str) -> None:
    were = "was" if done.present == 1 else "were"
    say(
        f"{'would copy' if dry_run else 'copied'} {count_text(done.tasks, 'result')}, {bytes_text(done.size_bytes)}, "
        f"{count_text(done.blobs, 'blob')}, {count_text(done.activity, 'minute')} of activity and "
        f"{count_text(done.runs, 'run')}; {done.present} {were} there already"
    )
    for count, what in (
        (done.expired, "expired, and left behind"),
        (done.lost, "can't be read, and left behind: --verify names them"),
        (done.failed, "left behind, as their storage failed: run this again"),
        (done.refused, "left behind, as the target has no place for a text in them"),
        (done.changed, "changed meanwhile: run this again"),
        (done.legacy, "of an earlier release are hits in a SQLite file alone: run your program on the old one first"),
        (done.named_blobs, f"name blobs that {named}"),
    ):
        if count:
            say(f"  {count} {what}")


def _verify(databases: list[TaskDB], move: BlobMove | None, storage: BlobStorage | None, as_json: bool) -> None:
    with progress_bar("comparing") as progress:
        found = compare(*databases, blobs=move, storage=storage, progress=progress)
    if as_json:
        print_json({"same": found.same, **asdict(found)})
    else:
        _tell_differences(found)
    if not found.same:
        raise Exit(1)


def _tell_differences(found: Comparison) -> None:
    for difference in found.first:
        say(f"{difference.key}: {difference.what}")
    say(
        f"{count_text(found.tasks, 'result')} the same, {found.newer} newer in the target, "
        f"{count_text(found.differences, 'difference')}"
    )
    if found.activity:
        minutes = count_text(found.activity, "minute")
        say(f"  {minutes} of activity counted higher in the source: run this without --verify")
    if found.unseen:
        say(f"  {found.unseen} name blobs that were not looked at: add --to-storage URL, or --blobs to compare them")
