"""`beautyspot vacuum`."""

from typer import Context

from beautyspot.cli.options import Db, DryRun, Json, Yes, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.removal import agree
from beautyspot.cli.text import bytes_text
from beautyspot.maintenance import vacuum


def vacuum_file(
    context: Context, dry_run: DryRun = False, yes: Yes = False, db: Db = None, as_json: Json = False
) -> None:
    """Give the space of deleted results back to the disk, while others read and write. Asks first."""
    place = place_of(context, db, None, as_json)
    path = place.file()
    done = vacuum(path, dry_run=True)
    if not dry_run:
        if not yes and done.freed_bytes > 0:
            agree(f"Give about {bytes_text(done.freed_bytes)} of {str(path)!r} back?", "nothing was changed")
        with progress_bar("giving back bytes", done.freed_bytes) as progress:
            done = vacuum(path, progress=progress)
    if place.as_json:
        figures = {"before_bytes": done.before_bytes, "after_bytes": done.after_bytes, "freed_bytes": done.freed_bytes}
        print_json({"dry_run": dry_run, **figures})
        return
    would = "would free about" if dry_run else "freed"
    say(f"{would} {bytes_text(max(0, done.freed_bytes))}; the file takes {bytes_text(done.after_bytes)}")
