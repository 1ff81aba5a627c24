"""`beautyspot doctor`."""

import sys
from collections import Counter
from dataclasses import asdict

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from typer import Context, Exit

from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.text import clean_line, count_text
from beautyspot.maintenance import Finding, examine

STYLES = {"ok": "green", "warn": "yellow", "error": "bold red"}


def doctor(context: Context, db: Db = None, storage: Storage = None, as_json: Json = False) -> None:
    """Examine the database, its blobs and this machine; exits with 1 if something is broken."""
    place = place_of(context, db, storage, as_json)
    findings: list[Finding] = []
    for finding in examine(place.database(), place.storages()):
        findings.append(finding)
        if not place.as_json:
            print_finding(finding)
    counts = Counter(finding.level for finding in findings)
    if place.as_json:
        print_json({"findings": [asdict(each) for each in findings]})
    else:
        say(f"{count_text(counts['error'], 'error')}, {count_text(counts['warn'], 'warning')}")
    if counts["error"]:
        raise Exit(1)


def print_finding(finding: Finding, /) -> None:
    """Print one line, and a second one where something must be done."""
    level, check, what = finding.level, finding.check, clean_line(finding.what)
    if not sys.stdout.isatty():
        print("\t".join((level, check, what, clean_line(finding.next_step or ""))))
        return
    console = Console(highlight=False)
    line = Table.grid(Column(width=5), Column(width=11), Column(), padding=(0, 2, 0, 0))
    line.add_row(Text(level, style=STYLES[level]), Text(check), Text(what))
    if finding.next_step:
        line.add_row("", "", Text(f"→ {clean_line(finding.next_step)}", style="dim"))
    console.print(line)
