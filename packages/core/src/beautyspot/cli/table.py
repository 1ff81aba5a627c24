"""Rows of text: a table for a terminal, tab-separated lines for a pipe."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beautyspot.cli.text import clean_line

GAP = 2
NOTHING = {"", "-", "0", "0 s"}
NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Column:
    """How one column looks on a terminal."""

    name: str
    right: bool = False
    optional: bool = False
    """Left out where it says nothing in any row."""
    yields: bool = False
    """A dotted name that loses its first letters where the terminal is narrow."""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], /, *, title: str = "") -> None:
    """Print rows of text under their columns; a pipe gets every column and whole cells."""
    cells = [[clean_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_to_person(columns, cells, title)
        return
    # Never cut to the width of a terminal that isn't there: a script needs whole keys.
    for row in ([column.name for column in columns], *cells):
        print("\t".join(row))


def _print_to_person(columns: Sequence[Column], rows: list[list[str]], title: str) -> None:
    console = Console(highlight=False)
    shown = [i for i, column in enumerate(columns) if not column.optional or any(row[i] not in NOTHING for row in rows)]
    widths = {i: max(cell_len(cell) for cell in (columns[i].name, *(row[i] for row in rows))) for i in shown}
    table = Table(
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, GAP, 0, 0),
        header_style="dim",
    )
    for i in shown:
        column = columns[i]
        table.add_column(column.name, justify="right" if column.right else "left", no_wrap=i == 0 or column.right)
        if column.yields:
            others = sum(width for j, width in widths.items() if j != i) + GAP * len(shown)
            room = max(NARROWEST, console.width - others)
            rows = [[*row[:i], _without_start(row[i], room), *row[i + 1 :]] for row in rows]
    for row in rows:
        # Text, not str: Rich would read [bold] in a name as markup.
        table.add_row(*(Text(row[i]) for i in shown))
    console.print(table)


def _without_start(text: str, width: int) -> str:
    """Return `text` in `width` cells, without as many of its first letters as that takes."""
    if cell_len(text) <= width:
        return text
    return "…" + chop_cells(text[::-1], width - 1)[0][::-1]
