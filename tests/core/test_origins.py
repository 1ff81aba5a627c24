"""Two files of one name on one store: what they share, and what they are told."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from waits import without_waits

SCRIPT = """
import beautyspot as bs

spot = bs.Spot("app", db="app.db")
{more}

@spot.mark{mark}
def ask(prompt{parameters}):
    {body}

for prompt in {prompts!r}:
    print(ask(prompt))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where all scripts run."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return tmp_path


def write(
    path: Path,
    body: str,
    *,
    more: str = "",
    mark: str = "",
    parameters: str = "",
    prompts: Sequence[str] = ("x",),
) -> Path:
    path.write_text(SCRIPT.format(body=body, more=more, mark=mark, parameters=parameters, prompts=prompts))
    return path


def run(script: Path) -> tuple[list[str], str]:
    """Return the lines that a script prints, run from the folder above its own, and its warnings."""
    command = [sys.executable, str(script.relative_to(script.parents[1]))]
    done = subprocess.run(command, cwd=script.parents[1], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split(), without_waits(done.stderr)


def test_a_result_of_another_file_comes_with_a_warning_that_names_both(folder: Path) -> None:
    one, other = write(folder / "a/main.py", "return 'one'"), write(folder / "b/main.py", "return 'other'")
    assert run(one) == (["one"], "")
    answers, warning = run(other)
    assert answers == ["one"]
    assert f"{other}:12: CacheWarning: functions named 'main.ask' in two files share their results" in warning
    assert f"their code, or what it reads, differs: {one}:8 and {other}:8; give one file" in warning
    assert warning.count("CacheWarning") == 1


def test_each_run_that_meets_the_other_files_results_says_so_and_its_own_are_silent(folder: Path) -> None:
    one = write(folder / "a/main.py", "return 'one'")
    other = write(folder / "b/main.py", "return 'other'", prompts=("x", "y"))
    assert [bool(run(script)[1]) for script in (one, one, other, other, one, one)] == [
        False,
        False,
        True,
        False,
        True,
        True,
    ]


def test_a_file_that_keeps_what_it_found_missing_is_told_as_well(folder: Path) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    answers, warning = run(write(folder / "b/main.py", "return 'other'", prompts=("y",)))
    assert answers == ["other"]
    assert "CacheWarning" in warning
    assert "met" not in warning.split("CacheWarning", 1)[1]


def test_the_warning_says_nothing_of_whose_the_result_is_that_was_met(folder: Path) -> None:
    one = write(folder / "a/main.py", "return 'one'")
    other = write(folder / "b/main.py", "return 'other'", prompts=("y",))
    answers, warning = [run(script) for script in (one, other, one)][-1]
    assert answers == ["one"]  # its own, though b kept last
    assert f"differs: {other}:8 and {one}:8; give" in warning
    assert "met" not in warning.split("CacheWarning", 1)[1]


def test_an_edited_file_is_silent(folder: Path) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    assert run(write(folder / "a/main.py", "return 'edited'", prompts=("x", "y"))) == (["one", "edited"], "")


@pytest.mark.parametrize(
    ("parameters", "edit"), [("", ""), ("", "'''A docstring.'''  # and a comment\n    "), (": str", "")]
)
def test_a_copied_file_that_does_the_same_is_silent(folder: Path, parameters: str, edit: str) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    copy = write(folder / "b/main.py", f"{edit}return 'one'", parameters=parameters, prompts=("x", "y"))
    assert run(copy) == (["one", "one"], "")


def test_a_file_that_was_moved_and_edited_is_silent(folder: Path) -> None:
    run(one := write(folder / "a/main.py", "return 'one'"))
    one.unlink()
    assert run(write(folder / "b/main.py", "return 'edited'")) == (["one"], "")


@pytest.mark.parametrize(
    "more",
    [
        "MODEL = {!r}",
        "def model():\n    return {!r}\nMODEL = model()",
        "try:\n    MODEL, SIZE = {!r}, 1\nexcept OSError:\n    pass",
        "from models import MODEL",
    ],
)
def test_what_a_function_reads_of_its_project_is_part_of_what_it_does(folder: Path, more: str) -> None:
    for name, model in (("a", "small"), ("b", "large")):
        (folder / name / "models.py").write_text(f"MODEL = {model!r}")
    run(write(folder / "a/main.py", "return MODEL", more=more.format("small")))
    answers, warning = run(write(folder / "b/main.py", "return MODEL", more=more.format("large")))
    assert answers == ["small"]
    assert "CacheWarning" in warning


@pytest.mark.parametrize(
    "apart", [{"mark": "(version='2')"}, {"mark": "(version=bs.FROM_CODE)"}, {"parameters": ", size=1"}]
)
def test_functions_that_share_nothing_are_silent(folder: Path, apart: dict[str, Any]) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    assert run(write(folder / "b/main.py", "return 'other'", **apart)) == (["other"], "")


@pytest.mark.parametrize("mark", [".mark", ".mark(hooks=(Hook(),))"])
def test_coroutines_and_hooked_functions_are_told_as_well(folder: Path, mark: str) -> None:
    script = (
        "import asyncio\nimport beautyspot as bs\nfrom beautyspot.hooks import Hook\n"
        "spot = bs.Spot('app', db='app.db')\n@spot{}\nasync def ask():\n    return {!r}\nprint(asyncio.run(ask()))\n"
    )
    for name in ("a", "b"):
        (folder / name / "main.py").write_text(script.format(mark, name))
    assert run(folder / "a/main.py") == (["a"], "")
    answers, warning = run(folder / "b/main.py")
    assert answers == ["a"]
    assert "CacheWarning" in warning


@pytest.mark.external_service
@pytest.mark.parametrize("server", ["postgres_url", "redis_url"])
def test_a_server_tells_of_two_files_as_well(folder: Path, server: str, request: pytest.FixtureRequest) -> None:
    script = (
        "import asyncio\nimport beautyspot as bs\nspot = bs.Spot('app', db={!r})\n@spot.mark\n"
        "async def ask():\n    return {!r}\nprint(asyncio.run(ask()))\nspot.shutdown()\n"
    )
    url = request.getfixturevalue(server)
    for name in ("a", "b"):
        (folder / name / "main.py").write_text(script.format(url, name))
    assert [run(folder / name / "main.py") for name in ("a", "a")] == [(["a"], "")] * 2
    answers, warning = run(folder / "b/main.py")
    assert answers == ["a"]
    assert f"{folder}/b/main.py:7: CacheWarning: functions named 'main.ask'" in warning


def test_a_function_that_is_run_without_a_mark_asks_once(folder: Path) -> None:
    script = (
        "import beautyspot as bs\nfrom beautyspot.db import SQLiteTaskDB\n\n"
        "class Counting(SQLiteTaskDB):\n    asked = 0\n    def origin(self, scope):\n"
        "        self.asked += 1\n        return super().origin(scope)\n\n"
        "db = Counting('app.db')\nspot = bs.Spot('app', db=db)\ndef ask(): return {!r}\n"
        "print([spot.run(ask) for _ in range(3)][-1], db.asked)\n"
    )
    for name in ("a", "b"):
        (folder / name / "main.py").write_text(script.format(name))
    assert run(folder / "a/main.py") == (["a", "1"], "")
    answers, warning = run(folder / "b/main.py")
    assert answers == ["a", "1"]
    assert warning.count("CacheWarning") == 1


def test_a_warning_made_an_error_costs_no_answer(folder: Path) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    strict = "import warnings\nwarnings.simplefilter('error')"
    answers, warning = run(write(folder / "b/main.py", "return 'other'", more=strict, prompts=("x", "y")))
    assert answers == ["one", "other"]
    assert "CacheWarning" in warning


def test_a_store_without_notes_gives_hits_and_no_word(folder: Path) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    with closing(sqlite3.connect(folder / "app.db", isolation_level=None)) as connection:
        connection.execute("DROP TABLE origins")
    assert run(write(folder / "b/main.py", "return 'other'", prompts=("x", "y"))) == (["one", "other"], "")


def test_what_is_no_file_of_pythons_is_never_opened(folder: Path) -> None:
    run(write(folder / "a/main.py", "return 'one'"))
    os.mkfifo(folder / "pipe.py")
    for path in (folder / "pipe.py", "/dev/zero", folder / "app.db"):
        with closing(sqlite3.connect(folder / "app.db", isolation_level=None)) as connection:
            connection.execute("UPDATE origins SET path = ?", (str(path),))
        assert run(write(folder / "b/main.py", "return 'other'")) == (["one"], "")
