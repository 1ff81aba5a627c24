"""Every command where the name of a folder and of a file is no text in UTF-8."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import beautyspot as bs
import pytest

from .conftest import Run

NAME = os.fsdecode(b"caf\xe9")


@pytest.fixture
def database(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    try:
        (workspace / NAME).mkdir()
    except OSError:
        pytest.skip("this file system has names of text only")
    monkeypatch.chdir(workspace / NAME)
    with bs.Spot("mine", db=f"{NAME}.db") as spot:
        spot.run(len, "abc")
        spot.mark(save_blob=True)(repr)("in a blob")
    return f"{NAME}.db"


@pytest.mark.parametrize(
    "command",
    [
        *(
            "list",
            "stats",
            "doctor",
            "verify",
            "vacuum",
            "repair",
            "clean --yes",
            "export there.bsz --yes",
            "import here.bsz --yes",
        ),
        *("show {key}", "prune --expired --yes", "delete --function repr --yes"),
    ],
)
def test_a_command_works_in_a_folder_whose_name_is_no_text(command: str, database: str, run: Run) -> None:
    assert run("export", "here.bsz", "--db", database).code == 0
    key = json.loads(run("list", "--json", "--db", database).out)["tasks"][0]["cache_key"]
    words = [word.format(key=key) for word in command.split()]
    assert run(*words, "--db", database).code == 0
    assert json.loads(run(*words, "--db", database, "--json").out)["schema"] == 1


def test_the_only_database_there_is_found_and_named(database: str, run: Run) -> None:
    assert json.loads(run("stats", "--json").out)["database"] == str(Path(database).absolute())


def test_a_database_that_is_not_there_is_named_in_letters_that_every_terminal_has(database: str, run: Run) -> None:
    answer = run("stats", "--db", f"no{database}")
    assert (answer.code, answer.err.splitlines()[0]) == (2, r"beautyspot: no database at 'nocaf\udce9.db'")


CALL = """
import subprocess, sys
done = subprocess.run([sys.executable, "-m", "beautyspot", *sys.argv[1:]], capture_output=True, text=True)
print(done.returncode, done.stdout, done.stderr)
"""


@pytest.mark.parametrize("command", ["list", "doctor", "verify", "repair --dry-run", "prune --expired --dry-run"])
def test_a_folder_of_another_user_where_one_stands_is_passed_over(
    command: str, workspace: Path, without_power: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (store := workspace / "mine").mkdir()
    with bs.Spot(db=store / "a.db", storage=store / "blobs") as spot:
        spot.run(len, "abc")
    spot.shutdown()
    (theirs := workspace / "here/.beautyspot/blobs").mkdir(parents=True)
    monkeypatch.chdir(workspace / "here")
    theirs.chmod(0)
    try:
        told = without_power(CALL, "--db", str(store / "a.db"), *command.split())
    finally:
        theirs.chmod(0o700)
    assert told.startswith("0 "), told
