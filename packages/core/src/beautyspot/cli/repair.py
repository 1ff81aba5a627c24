"""`beautyspot repair`."""

from dataclasses import asdict

from typer import Context

from beautyspot.cli.options import Db, DryRun, Json, Storage, Yes, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import ask
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.maintenance import Repaired, repair


def repair_file(
    context: Context,
    dry_run: DryRun = False,
    yes: Yes = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Mend or drop results that can't be read and keep the rest; salvage a malformed file.

    Keeps a copy, and asks first.
    """
    place = place_of(context, db, storage, as_json)
    path, storages = place.file(), place.storages()
    if not dry_run and not yes:
        with progress_bar("looking") as progress:
            found = repair(path, storages, dry_run=True, progress=progress)
        if found.dropped or found.salvaged or found.mended:
            _tell(found, dry_run=True)
            ask(f"{count_text(found.dropped, 'result')} that can't be read")
    with progress_bar("repairing") as progress:
        done = repair(path, storages, dry_run=dry_run, progress=progress)
    print_json({"dry_run": dry_run, **asdict(done)}) if place.as_json else _tell(done, dry_run=dry_run)


def _tell(done: Repaired, *, dry_run: bool) -> None:
    salvaged = f", {done.salvaged} of them out of a malformed file" if done.salvaged else ""
    mended = f", {done.mended} of them with a mended row" if done.mended else ""
    would, keep = ("would drop", "keep") if dry_run else ("dropped", "kept")
    size = f", {bytes_text(done.size_bytes)}," if done.size_bytes else ""
    say(f"{would} {count_text(done.dropped, 'result')}{size} and {keep} {done.kept}{salvaged}{mended}")
    if done.may_revive:
        say("  results that had been deleted before may be among them: the file no longer tells them apart")
    if done.missed:
        say(f"  not all of {', '.join(done.missed)} could be read, which no result needs: `stats` may count too little")
    if done.unreachable:
        say(
            f"  {count_text(done.unreachable, 'result')} could not be read, as the blob storage is in trouble, "
            "and stay; run it again when it answers"
        )
    for copy in done.copies:
        say(f"  what was there before lies in {copy!r}; delete it when nothing is missed")
