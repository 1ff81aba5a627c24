"""The notebooks of the recipes, each run in a fresh kernel, in an empty folder, offline; `make notebooks` keeps it."""

import os
import re
import sys
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

RECIPES = Path(__file__).parents[2] / "recipes"
NOTEBOOKS = sorted(path for path in RECIPES.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
FORGET = "%reset -f\nimport shutil\nshutil.copytree('.', '../first')"
"""Stands for a restart, whose imports would take as long as all the rest."""
PROGRAM = re.compile(r"^!|\b(pytest|subprocess)\b", re.MULTILINE)
"""A cell that starts a program, which takes its time."""
PYTHON = "{}.{}".format(*sys.version_info)
"""Of another minor version a function's code has another digest, and the results of a notebook other keys."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
STARTUP = f"""
import os, sys
os.environ.pop("FORCE_COLOR", None)  # this and TERM are set by the kernel
os.environ["TERM"] = "dumb"
def refuse(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in {LOOPBACK}:
        raise ConnectionRefusedError(f"a recipe went to {{arguments[1]!r}}")
    if event == "socket.getaddrinfo" and arguments[0] not in {LOOPBACK}:
        raise ConnectionRefusedError(f"a recipe asked for {{arguments[0]!r}}")
sys.addaudithook(refuse)
"""


def run(path: Path, folder: Path, *, is_run_again: bool = False, timeout_s: int = 120) -> Any:
    """Return the notebook as a clean kernel leaves it that works in `folder`/work.

    Args:
        path: Of the notebook.
        folder: Of its own.
        is_run_again: Whether all is run once more, as after a restart, most cells twice; what it left before then
            lies in `folder`/first.
        timeout_s: For a cell.

    Raises:
        CellExecutionError: a cell raised.
        CellTimeoutError: a cell took longer.
    """
    work, startup = folder / "work", folder / "ipython/profile_default/startup"
    work.mkdir(parents=True)
    startup.mkdir(parents=True)
    (startup / "offline.py").write_text(STARTUP)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"IPYTHONDIR": str(folder / "ipython"), "PATH": programs, "COLUMNS": "120", "NO_COLOR": "1"}
    notebook = nbformat.read(path, as_version=4)
    cells = notebook.cells
    if is_run_again:
        notebook.cells = [*cells, nbformat.v4.new_code_cell(FORGET), *_again(cells)]
    client = NotebookClient(
        notebook, timeout=timeout_s, kernel_name="python3", record_timing=False, coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"], resources={"metadata": {"path": str(work)}},
    )  # fmt: skip
    client.execute(env=_own_environment() | settings)
    notebook.cells = cells
    notebook.metadata = {
        "kernelspec": notebook.metadata.kernelspec,
        "language_info": {"name": "python", "version": PYTHON},
    }
    return notebook


def _again(cells: list[Any]) -> list[Any]:
    """Return each cell twice, one that starts a program once, and none that takes a picture of a browser."""
    cells = [cell for cell in cells if "await picture(" not in cell.source]
    return [deepcopy(cell) for cell in cells for _ in range(1 if PROGRAM.search(cell.source) else 2)]


def _own_environment() -> dict[str, str]:
    """Return the environment without what imports leave in it.

    With Streamlit's MPLBACKEND plots would not be shown, with the LINES of pytest-xdist tables would be wider.
    """
    return {name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "LINES")}


def main() -> None:
    """Run the notebooks that are named, else all, and write down what they put out."""
    for path in [Path(name) for name in sys.argv[1:]] or NOTEBOOKS:
        print(path.name, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(path, Path(folder))
            text = nbformat.writes(notebook)
            if lines := [line for line in text.splitlines() if folder in line]:
                raise SystemExit(f"{path.name} puts out {lines[0]!r}, a folder that no reader has; print names alone")
        path.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
