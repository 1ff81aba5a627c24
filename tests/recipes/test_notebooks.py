"""Every notebook of the recipes runs from a clean kernel, offline, and puts out what it shows."""

import ast
import re
import socket
import sqlite3
import subprocess
from contextlib import closing
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement
from recipes.notebooks import NOTEBOOKS, PYTHON, RECIPES, run
from recipes.outputs import VARIES, sanitised, shown
from servers.programs import program

PROGRAMS = {"chromium": "chromium", "espeak-ng": "espeak-ng", "ffmpeg": "ffmpeg"}
MODELS = {"xllamacpp": "a language model", "wordllama": "an embedding model"}


@pytest.mark.slow
@pytest.mark.external_service
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_puts_out_what_it_shows_and_run_again_makes_nothing_twice(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    for name, package in PROGRAMS.items():
        if name in text:
            program(name, package)
    for name, model in MODELS.items():
        if f"import {name}" in text:
            pytest.importorskip(name, reason=f"{model} has no wheel for this platform")
    done, kept = run(path, tmp_path, is_run_again=True), nbformat.read(path, as_version=4)
    keys = kept.metadata.language_info.version == PYTHON
    assert shown(done, keys=keys) == shown(kept, keys=keys)
    assert kept_in(tmp_path / "work") == kept_in(tmp_path / "first")
    assert seen_by_git(tmp_path / "work") == []


def kept_in(folder: Path) -> set[tuple[str, str, str]]:
    """Return the file, function and key of all results but those that a changed time is part of."""
    kept: set[tuple[str, str, str]] = set()
    for file in folder.rglob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            kept.update((file.name, *row) for row in connection.execute("SELECT func_name, cache_key FROM tasks"))
    return {row for row in kept if row[1] != "__main__.lines_by_stat"}


def seen_by_git(folder: Path) -> list[str]:
    """Return what a notebook left that git would see, had it run where it lies, as a reader's does."""
    left = [f"recipes/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()]
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    ignored = subprocess.run(command, cwd=RECIPES.parent, input="\n".join(left), capture_output=True, text=True)
    return sorted({*left} - {*ignored.stdout.splitlines()})


def notebook(folder: Path, source: str, *tags: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": [*tags]})]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path = folder / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.mark.parametrize(
    "path", [each for each in NOTEBOOKS if "def picture(" in each.read_text()], ids=lambda p: p.name
)
def test_a_notebook_whose_dashboard_does_not_start_says_why(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    [definitions] = [cell.source.rpartition("await picture(")[0] for cell in cells if "def picture(" in cell.source]
    names: dict[str, Any] = {"Image": object}
    exec(definitions, names)
    with pytest.raises(RuntimeError, match="an extra is missing"):
        names["address_in"](iter(["an extra is missing\n"]))


@pytest.mark.parametrize("path", [each for each in NOTEBOOKS if "def port(" in each.read_text()], ids=lambda p: p.name)
def test_a_notebook_has_one_port_in_each_run_and_names_it_where_it_is_taken(path: Path, tmp_path: Path) -> None:
    nodes = [node for each in nbformat.read(path, as_version=4).cells for node in functions_of(each)]
    [definition] = [ast.unparse(node) for node in nodes if node.name == "port"]
    names: dict[str, Any] = {"socket": socket, "NOTE": tmp_path / "a.port"}
    exec(definition, names)
    number = names["port"]()
    assert names["port"]() == number
    told = rf"port {number} is taken; .* delete '.*a\.port' to ask anew"
    with socket.create_server(("127.0.0.1", number)), pytest.raises(RuntimeError, match=told):
        names["port"]()


def functions_of(cell: Any) -> list[ast.FunctionDef]:
    return (
        [each for each in ast.parse(cell.source).body if isinstance(each, ast.FunctionDef)] if is_python(cell) else []
    )


def is_python(cell: Any) -> bool:
    return cell.cell_type == "code" and not re.search(r"^[%!]", cell.source, re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_says_what_to_install_for_what_it_imports(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    [line] = re.findall(r"`pip install (.*?)`", cells[0].source)
    installed = brought_by([Requirement(each.strip("'")) for each in line.split()])
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    nodes = [*ast.walk(ast.parse("\n".join(line for line in lines if line[:1] not in ("%", "!"))))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    of_modules = packages_distributions()
    asked = {name: {*of_modules.get(name.partition(".")[0], ())} for name in modules - {"IPython.display"}}
    assert not [name for name, ways in asked.items() if ways and not ways & installed]


def brought_by(requirements: list[Requirement]) -> set[str]:
    """Return the names of distributions and of those that they ask for."""
    names = {each.name for each in requirements}
    for each in requirements:
        for asked in map(Requirement, requires(each.name) or ()):
            if any(asked.marker is None or asked.marker.evaluate({"extra": extra}) for extra in ("", *each.extras)):
                names.add(asked.name)
    return names


def test_what_a_notebook_leaves_and_git_would_see_is_found(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    for name in ("big.bin", "made/a.txt", "another.ipynb"):
        (tmp_path / name).write_text("")
    assert seen_by_git(tmp_path) == ["recipes/another.ipynb", "recipes/made/a.txt"]


def test_a_notebook_that_goes_over_the_network_is_found(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import socket; socket.socket().connect(('192.0.2.1', 80))")
    with pytest.raises(CellExecutionError, match="a recipe went to"):
        run(path, tmp_path)


def test_the_kinds_and_the_texts_of_what_a_cell_puts_out_are_told_apart(tmp_path: Path) -> None:
    done = run(notebook(tmp_path, "print(1)\n2"), tmp_path)
    assert shown(done) == [[("stream", "stdout", "1"), ("execute_result", "text/plain", "2")]]


def test_keys_are_told_apart_where_both_runs_have_the_same_python() -> None:
    assert sanitised("3f686a642f79 a", keys=True) != sanitised("843cb74f3d29 a", keys=True)


def test_of_a_cell_that_says_so_only_the_kinds_are_told_apart(tmp_path: Path) -> None:
    done = run(notebook(tmp_path, "import random\nprint(random.random())", VARIES), tmp_path)
    assert shown(done) == [[("stream", "stdout")]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 passed in 4.41s", "12 passed in 10.0s"),
        ("12 passed in 4.41s ===", "12 passed in 70.12s (0:01:10) ==="),
        ("a  2  80.7 kB  4s ago", "a  2  80.7 kB  11s ago"),
        ("run  seconds  hits\n1   0.2832     12", "run seconds hits\n1  10.1  12"),
        ("<Film at 0x7f0011223344>", "<Film at 0x7f0011223345>"),
        ("lies in /srv/a/film.mp4", "lies in /var/b/c/film.mp4"),
        ("3f686a642f79 a\n3f686a642f79 b", "843cb74f3d29 a\n843cb74f3d29 b"),
        ("__main__.as_parqu…  4s ago", "__main__.as_parq…  10s ago"),
        ("collecting ... collected 4 items", "collecting ... collecting 1 item\rcollected 4 items"),
        ("add --after MjAyNi0xMS0y", "add --after MjAyNi0xMS0z"),
        ("fitted 14.999999999999996", "fitted 15.0"),
    ],
)
def test_times_addresses_paths_and_last_digits_are_no_difference(one: str, other: str) -> None:
    assert sanitised(one) == sanitised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 passed in 4.41s", "11 passed in 4.41s"),
        ("a  2  80.7 kB  4s ago", "a  2  80.8 kB  4s ago"),
        ("run  seconds  hits\n1   0.2832     12", "run  seconds  hits\n1   0.2832     13"),
        ("3f686a642f79 a\n3f686a642f79 b", "3f686a642f79 a\n843cb74f3d29 b"),
        ("harbour 14.002304", "harbour 14.002305"),
    ],
)
def test_counts_sizes_and_results_are_a_difference(one: str, other: str) -> None:
    assert sanitised(one) != sanitised(other)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_begins_with_what_it_is_about_and_shows_its_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
