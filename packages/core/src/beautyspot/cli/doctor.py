"""`beautyspot doctor`."""

import sys
from collections import Counter
from dataclasses import asdict

from rich.console import Console
from rich.text import Text
from typer import Context, Exit

from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.text import clean_line
from beautyspot.maintenance import Finding, examine

STYLES = {"ok": "green", "warn": "yellow", "error": "bold red"}


def doctor(context: Context, db: Db = None, storage: Storage = None, as_json: Json = False) -> None:
    """Examine the database, its blobs and this machine; exits with 1 if something is broken."""
    place = place_of(context, db, storage, as_json)
    findings: list[Finding] = []
    for finding in examine(place.database(), place.storages()):
        findings.append(finding)
        if not place.as_json:
            _print(finding)
    counts = Counter(finding.level for finding in findings)
    if place.as_json:
        print_json({"findings": [asdict(each) for each in findings]})
    else:
        say(f"{counts['error']} errors, {counts['warn']} warnings")
    if counts["error"]:
        raise Exit(1)


def _print(finding: Finding) -> None:
    level, check, what = finding.level, finding.check, clean_line(finding.what)
    if not sys.stdout.isatty():
        print("\t".join((level, check, what, clean_line(finding.next_step or ""))))
        return
    console = Console(highlight=False)
    console.print(Text.assemble((f"{level:<6}", STYLES[level]), f"{check:<12}", what))
    if finding.next_step:
        console.print(Text(f"{'':<18}→ {clean_line(finding.next_step)}", style="dim"))
