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
    kept = {i: width for i, width in widths.items() if columns[i].yields or _is_whole(columns, i)}
    least = [min(width, NARROWEST) if columns[i].yields else width for i, width in kept.items()]
    if sum(least) + GAP * (len(shown) - 1) > console.width:
        _print_below_each_other(
            console, [columns[i].name for i in shown], [[row[i] for i in shown] for row in rows], title
        )
        return
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
        table.add_column(column.name, justify="right" if column.right else "left", no_wrap=_is_whole(columns, i))
        if column.yields:
            others = sum(width for j, width in widths.items() if j != i) + GAP * len(shown)
            room = max(NARROWEST, console.width - others)
            rows = [[*row[:i], _without_start(row[i], room), *row[i + 1 :]] for row in rows]
    for row in rows:
        # Text, not str: Rich would read [bold] in a name as markup.
        table.add_row(*(Text(row[i]) for i in shown))
    console.print(table)


def _is_whole(columns: Sequence[Column], place: int) -> bool:
    """Say whether the cells of a column are never broken: a number without its end is another one."""
    return place == 0 or columns[place].right


def _print_below_each_other(console: Console, names: list[str], rows: list[list[str]], title: str) -> None:
    """Print what is too wide for a table with each cell in a line of its own."""
    if title:
        console.print(Text(title, style="bold"))
    width = max(map(len, names)) + GAP
    for place, row in enumerate(rows):
        for name, cell in zip(names, row, strict=True):
            console.print(Text.assemble((f"{name:{width}}", "dim"), cell))
        if place < len(rows) - 1:
            console.print()


def _without_start(text: str, width: int) -> str:
    """Return `text` in `width` cells, without as many of its first letters as that takes."""
    if cell_len(text) <= width:
        return text
    return "…" + chop_cells(text[::-1], width - 1)[0][::-1]
