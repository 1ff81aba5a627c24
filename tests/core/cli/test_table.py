"""Tables for a person, in a terminal of whatever width."""

import io
from contextlib import redirect_stdout

import pytest
from beautyspot.cli.stats import COLUMNS
from beautyspot.cli.table import print_table

ROWS = [
    ["reports.summarise", "12345", "1.9 GB", "98765", "4321", "0", "96%", "1 h 12 min", "0 s", "12 min ago"],
    ["reports.embed", "1", "2 B", "3", "4", "0", "43%", "0 s", "0 s", "1 s ago"],
]


def printed(terminal: io.StringIO) -> list[str]:
    with redirect_stdout(terminal):
        print_table(COLUMNS, ROWS, title="a.db")
    return [line.rstrip() for line in terminal.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_narrow_terminal_gets_whole_cells_below_each_other(
    terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = printed(terminal)
    assert len(lines) > 2 + len(ROWS)
    assert "…" not in "".join(lines)
    assert all(any(word in line for line in lines) for word in ("12345", "1.9 GB", "98765", "12 min ago"))


def test_a_terminal_that_is_wide_enough_gets_a_line_for_each_row(
    terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    assert len(printed(terminal)) == 2 + len(ROWS)
