"""`beautyspot export` and `beautyspot import`."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Exit

from beautyspot.cli.database import name_of
from beautyspot.cli.options import Db, DryRun, Function, Json, Storage, Tag, Version, Yes, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import agree
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.db import open_db
from beautyspot.errors import ConfigurationError
from beautyspot.maintenance import Exported, Imported, export_archive, import_archive
from beautyspot.records import TaskFilter


def export_file(
    context: Context,
    file: Annotated[Path, Argument(help="The archive to write.")],
    function: Function = None,
    version: Version = None,
    tag: Tag = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Write results, their blobs and what was counted into one file."""
    place = place_of(context, db, storage, as_json)
    if file.exists() and not dry_run and not yes:
        raise ConfigurationError(f"{str(file)!r} is there already; add --yes to write over it, or give another path")
    where = TaskFilter(function=function, version=version, tags=None if tag is None else (tag,))
    place.refuse_empty()
    with closing(open_db(place.existing())) as tasks, progress_bar("exporting") as progress:
        done = export_archive(tasks, place.storages(), file, where=where, dry_run=dry_run, progress=progress)
    print_json({"dry_run": dry_run, **asdict(done)}) if place.as_json else _tell_export(done, dry_run=dry_run)
    if done.left_out or done.lost:
        raise Exit(1)


def _tell_export(done: Exported, *, dry_run: bool) -> None:
    damaged = f"; {count_text(done.left_out, 'damaged result')} left out: `beautyspot verify` names them"
    lost = f"; {count_text(done.lost, 'result')} left out whose blob is lost: say where it lies with --storage"
    legacy = f"; {count_text(done.legacy, 'result')} of an earlier release left out"
    left = (damaged if done.left_out else "") + (lost if done.lost else "") + (legacy if done.legacy else "")
    would = "would export" if dry_run else "exported"
    say(f"{would} {count_text(done.tasks, 'result')}, {bytes_text(done.size_bytes)}{left}")


def import_file(
    context: Context,
    file: Annotated[Path, Argument(help="An archive that `beautyspot export` wrote.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Keep what an archive holds and is not there, or older there. Asks first; doing it twice changes nothing."""
    place = place_of(context, db, storage, as_json)
    storages = place.storages()
    with closing(open_db(place.database())) as tasks:
        target, total = storages[0] if storages else None, None
        if not dry_run and not yes:
            found = import_archive(file, tasks, target, dry_run=True)
            total = found.tasks + found.there
            if found.tasks:
                what = f"{count_text(found.tasks, 'result')}, {bytes_text(found.size_bytes)}"
                agree(f"Import {what} into {name_of(tasks)!r}?", "nothing was imported")
        with progress_bar("importing", total) as progress:
            done = import_archive(file, tasks, target, dry_run=dry_run, progress=progress)
    print_json({"dry_run": dry_run, **asdict(done)}) if place.as_json else _tell_import(done, dry_run=dry_run)
    if done.refused:
        raise Exit(1)


def _tell_import(done: Imported, *, dry_run: bool) -> None:
    would = "would import" if dry_run else "imported"
    were = "was" if done.there == 1 else "were"
    there = f"; {done.there} {were} there already" if done.there else ""
    say(f"{would} {count_text(done.tasks, 'result')}, {bytes_text(done.size_bytes)}{there}")
    if done.refused:
        say(f"  {done.refused} left out, as the database has no place for a text in them, such as a NUL in a tag:")
        say(f"  {' '.join(done.first_refused)}{' …' if done.refused > len(done.first_refused) else ''}")
