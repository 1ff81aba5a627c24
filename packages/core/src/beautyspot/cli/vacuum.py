"""`beautyspot vacuum`."""

from typer import Context

from beautyspot.cli.options import Db, Json, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import DryRun
from beautyspot.cli.text import bytes_text
from beautyspot.maintenance import vacuum


def vacuum_file(context: Context, dry_run: DryRun = False, db: Db = None, as_json: Json = False) -> None:
    """Give the space of deleted results back to the disk, while others read and write."""
    place = place_of(context, db, None, as_json)
    with progress_bar("giving back bytes") as progress:
        done = vacuum(place.file(), dry_run=dry_run, progress=progress)
    if place.as_json:
        figures = {"before_bytes": done.before_bytes, "after_bytes": done.after_bytes, "freed_bytes": done.freed_bytes}
        print_json({"dry_run": dry_run, **figures})
        return
    would = "would free about" if dry_run else "freed"
    say(f"{would} {bytes_text(max(0, done.freed_bytes))}; the file takes {bytes_text(done.after_bytes)}")
