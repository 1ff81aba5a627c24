"""`beautyspot verify`."""

import sys
from typing import Any

from typer import Context, Exit

from beautyspot.catalog import Catalog
from beautyspot.cli.listing import SHORT_KEY
from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.progress import progress_bar
from beautyspot.cli.table import Column, print_table
from beautyspot.cli.text import bytes_text, count_text
from beautyspot.maintenance import Verified, verify

COLUMNS = (Column("key"), Column("function", yields=True), Column("what"))
SHOWN = 20
"""Most damages that a terminal shows."""


def verify_all(context: Context, db: Db = None, storage: Storage = None, as_json: Json = False) -> None:
    """Read every result, compare it with its checksum, and check the file; exits with 1 if something is damaged."""
    place = place_of(context, db, storage, as_json)
    with Catalog.open(place.database()) as catalog, progress_bar("reading", catalog.size().tasks) as progress:
        found = verify(catalog, place.storages(), progress=progress)
    print_json(_document(found)) if place.as_json else _tell(found)
    if not found.is_sound:
        raise Exit(1)


def _document(found: Verified) -> dict[str, Any]:
    damaged = [
        {"key": d.task.cache_key, "function": d.task.func_name, "what": d.what, "is_lost": d.is_lost}
        for d in found.damaged
    ]
    unreachable = [{"key": u.task.cache_key, "function": u.task.func_name, "what": u.what} for u in found.unreachable]
    figures = {"tasks": found.tasks, "size_bytes": found.size_bytes, "unread": found.unread}
    lists = {"damaged": damaged, "unreachable": unreachable, "complaints": found.complaints}
    return {"is_whole": found.is_whole, **figures, **lists}


def _tell(found: Verified) -> None:
    named = (*found.damaged, *found.unreachable)
    shown, digits = (named[:SHOWN], SHORT_KEY) if sys.stdout.isatty() else (named, None)
    if shown:
        print_table(COLUMNS, [(each.task.cache_key[:digits], each.task.func_name, each.what) for each in shown])
    if len(shown) < len(named):
        say(f"{len(shown)} of {len(named)}; --json names all")
    for complaint in found.complaints:
        say(f"the file: {complaint}")
    say(
        f"{count_text(found.tasks, 'result')}, {bytes_text(found.size_bytes)}: {len(found.damaged)} damaged"
        + (f", {found.unread} that only their own program can read" if found.unread else "")
        + (f", {len(found.unreachable)} that could not be read" if found.unreachable else "")
    )
    if found.unreachable:
        say("  the blob storage is in trouble, which says nothing against the results it did not give")
        say(
            "  run it again when it answers"
            + ("" if found.is_whole else "; it failed again and again, so no more was read")
        )
    if found.complaints or any(not damage.is_lost for damage in found.damaged):
        say("  `beautyspot repair` mends or drops what can't be read, and makes a copy first")
    if any(damage.is_lost for damage in found.damaged):
        say("  where are the blobs? say it with --storage")
        say(
            "  if they are gone, and no other Spot has them elsewhere, `beautyspot clean --blobs-are-gone` removes rows"
        )
