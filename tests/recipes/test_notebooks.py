"""Every notebook of the recipes runs from a clean kernel, offline, and puts out what it shows."""

from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from recipes.notebooks import NOTEBOOKS, kinds, run
from servers.programs import program

PROGRAMS = {"chromium": "chromium", "espeak-ng": "espeak-ng", "ffmpeg": "ffmpeg"}
MODELS = {"xllamacpp": "a language model", "wordllama": "an embedding model"}


@pytest.mark.slow
@pytest.mark.external_service
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_a_clean_kernel_and_puts_out_what_it_shows(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    for name, package in PROGRAMS.items():
        if name in text:
            program(name, package)
    for name, model in MODELS.items():
        if f"import {name}" in text:
            pytest.importorskip(name, reason=f"{model} has no wheel for this platform")
    assert kinds(run(path, tmp_path)) == kinds(nbformat.read(path, as_version=4))


def notebook(folder: Path, source: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source)]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path = folder / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def test_a_notebook_that_goes_over_the_network_is_found(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import socket; socket.socket().connect(('192.0.2.1', 80))")
    with pytest.raises(CellExecutionError, match="a recipe went to"):
        run(path, tmp_path)


def test_the_kinds_of_what_a_cell_puts_out_are_told_apart(tmp_path: Path) -> None:
    done = run(notebook(tmp_path, "print(1)\n2"), tmp_path)
    assert kinds(done) == [[("stream", "stdout"), ("execute_result", "text/plain")]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_begins_with_what_it_is_about_and_shows_its_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
