"""A bar is shown to whoever looks, and what happens to the place that it is shown in happens to nobody else."""

import io
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from beautyspot.progress import Bar
from nbclient import NotebookClient

BEGIN = """
import asyncio, sys
import beautyspot as bs
from beautyspot.cli.progress import progress_bar

spot = bs.Spot("terminal")

@spot.mark
def double(x):
    if x == 0:
        input()  # until the terminal is gone
    return x * 2

@spot.mark
async def double_later(x):
    return double(x)

@spot.mark
def doubles(n):
    return double.map(range(n))

def delete():
    with progress_bar("deleting", 3) as reach:
        double(0)
        reach(3)
    return "deleted"
"""
SHOWN = "\N{BOX DRAWINGS HEAVY HORIZONTAL}" * 40


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return a terminal's side for who looks, and the program's."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        with suppress(OSError):  # closed by the test
            os.close(end)


def start(
    code: str, folder: Path, terminal: int, out: int = subprocess.PIPE, **environment: str
) -> "subprocess.Popen[str]":
    """Start a program that writes its errors to the terminal."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", f"{BEGIN}\n{code}"],
        cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=terminal, text=True,
        env={**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


def read_until(terminal: int, text: str) -> None:
    shown = ""
    while text not in shown:
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 9_999).decode(errors="replace")


def cells(*sources: str) -> list[list[str]]:
    """Return what cells of a fresh kernel put out, by kind and text."""
    kinds: Any = nbformat.v4
    notebook = kinds.new_notebook(cells=[kinds.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", extra_arguments=["--log-level=CRITICAL"])
    client.execute(env={name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"})
    return [[each.get("text") or each["data"]["text/plain"] for each in cell.outputs] for cell in notebook.cells]


@pytest.mark.parametrize(
    ("bar", "call", "expected"),
    [
        ("double", "double.map(range(9), workers=2)", [x * 2 for x in range(9)]),
        ("double_later", "asyncio.run(double_later.map(range(9), workers=2))", [x * 2 for x in range(9)]),
        ("double", "doubles.map([3])", [[0, 2, 4]]),
        ("deleting", "delete()", "deleted"),
    ],
)
def test_a_terminal_that_goes_away_takes_nothing_along(
    bar: str, call: str, expected: object, tmp_path: Path, terminal: tuple[int, int]
) -> None:
    look, show = terminal
    with start(f"print({call})", tmp_path, show) as program:
        read_until(look, f"{bar} ")
        for end in terminal:
            os.close(end)
        assert program.communicate("\n", timeout=60) == (f"{expected}\n", None)
    assert program.returncode == 0


def test_what_a_function_prints_goes_where_it_went_without_a_bar(tmp_path: Path, terminal: tuple[int, int]) -> None:
    code = "spot.mark(lambda x: print('printed')).map([1])"
    with start(code, tmp_path, terminal[1]) as program:
        assert program.communicate(timeout=60) == ("printed\n", None)
    assert "1/1" in os.read(terminal[0], 99_999).decode()


@pytest.mark.parametrize("wish", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_file_gets_no_bar_whatever_is_wished_of_colours(wish: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "print(double.map([1, 2]))"
    with log.open("wb") as file, start(code, tmp_path, file.fileno(), **{wish: "1"}) as program:
        assert program.communicate(timeout=60) == ("[2, 4]\n", None)
    assert log.read_bytes() == b""


def test_a_notebook_without_widgets_shows_one_bar_of_text_and_no_warning(workspace: Path) -> None:
    told = cells(
        "import beautyspot as bs, warnings; warnings.simplefilter('error'); spot = bs.Spot('cells')",
        "@spot.mark\ndef double(x):\n    return x * 2\nprint(double.map(range(9), workers=2))",
        "@spot.mark\nasync def later(x):\n    return x * 2\nprint(await later.map(range(9), workers=2))",
    )
    results = f"{[x * 2 for x in range(9)]}\n"
    assert told == [[], [f"double {SHOWN} 9/9 0:00:00", results], [f"later {SHOWN} 9/9 0:00:00", results]]


@pytest.mark.parametrize("gone", [None, "closed", "broken"])
def test_an_error_stream_that_is_none_costs_the_bar_alone(gone: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = None if gone is None else io.StringIO()
    if gone == "closed":
        assert stream is not None
        stream.close()
    if gone == "broken":
        stream = Broken()
    monkeypatch.setattr(sys, "stderr", stream)
    with Bar("counting", 1) as bar:
        bar.advance()


class Broken(io.StringIO):
    """What stands in for standard error, and fails."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        raise RuntimeError(f"can't write {text!r}")


def test_what_a_function_prints_is_no_markup(tmp_path: Path, terminal: tuple[int, int]) -> None:
    code = """
@spot.mark
def streamed(x):
    before = sys.stdout, sys.stderr
    for stream in before:
        print("see [docs](http://x) and then [/s]", end=" ", flush=True, file=stream)
    return before == (sys.__stdout__, sys.__stderr__)
print("right", streamed.map([1]), streamed.cache_info().errors)
"""
    with start(code, tmp_path, terminal[1], out=terminal[1]) as program:
        program.communicate(timeout=60)
    shown = os.read(terminal[0], 99_999).decode()
    assert shown.count("see [docs](http://x) and then [/s]") == 2
    assert "right [True] 0" in shown
