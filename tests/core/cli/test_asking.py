"""What a person is asked and shown before something changes, and how a command that is broken off ends."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.cli.app import app
from beautyspot.cli.progress import progress_bar
from beautyspot.records import TaskFilter

from .conftest import Run, Terminal

DB = ".beautyspot/mine.db"
BROKEN_OFF = """
import sys
from beautyspot.cli import main

class BreaksOff:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, BreaksOff())
main()
"""


def ask(statement: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(DB)) as connection, connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
def many(store: Path) -> Path:
    """The store with 30 more results that can't be read."""
    with bs.Spot("mine") as spot:
        for number in range(30):
            spot.run(divmod, number, 7)
    ask("UPDATE tasks SET result_data = x'c1', updated_at = '2020-01-01 00:00:00.000000' WHERE version IS NULL")
    return store


def test_ctrl_c_while_the_command_is_loaded_says_nothing_and_exits_with_130() -> None:
    done = subprocess.run([sys.executable, "-c", BROKEN_OFF], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (130, "")


def press_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """Press it until the process ends: Python does not see a signal that comes right before it waits for a line."""
    for _ in range(12):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            return


@pytest.mark.parametrize(("answer", "code", "left"), [(b"y\n", 0, 4), (b"\x04", 1, 34), (None, 130, 34)])
def test_whoever_does_not_say_yes_is_told_that_nothing_was_deleted(
    many: Path, answer: bytes | None, code: int, left: int
) -> None:
    pty = pytest.importorskip("pty")  # not on Windows
    keyboard, terminal = pty.openpty()
    words = [sys.executable, "-c", "from beautyspot.cli import main; main()", "delete", "--function", "divmod"]
    with subprocess.Popen(words, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = b""
        while b"[y/N]" not in said and process.stderr is not None:
            said += process.stderr.read(1) or pytest.fail("it ended without a question")
        os.write(keyboard, answer) if answer else press_ctrl_c(process)
        said += process.communicate(timeout=30)[1]
    os.close(keyboard)
    os.close(terminal)
    assert (process.returncode, ask("SELECT count(*) FROM tasks")) == (code, [(left,)])
    assert (b"nothing was deleted" in said) == (left == 34)


def test_what_is_kept_while_a_person_thinks_it_over_stays(store: Path) -> None:
    pty = pytest.importorskip("pty")  # not on Windows
    keyboard, terminal = pty.openpty()
    words = [sys.executable, "-c", "from beautyspot.cli import main; main()", "prune", "--function", "divmod"]
    with bs.Spot("mine") as spot:
        spot.run(divmod, 1, 7)
    with subprocess.Popen(words, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        said = b""
        while b"[y/N]" not in said and process.stderr is not None:
            said += process.stderr.read(1) or pytest.fail("it ended without a question")
        with bs.Spot("mine") as spot:
            spot.run(divmod, 2, 7)
        os.write(keyboard, b"y\n")
        said = process.communicate(timeout=30)[1]
    os.close(keyboard)
    os.close(terminal)
    assert b"deleted 1 result," in said
    assert ask("SELECT count(*) FROM tasks WHERE func_name LIKE '%divmod'") == [(1,)]


def test_import_and_vacuum_ask_first(store: Path, run: Run) -> None:
    assert run("export", "all.zip").code == 0
    assert "nobody is there" in run("--db", "new.db", "--storage", "new", "import", "all.zip").err
    assert run("--db", "new.db", "--storage", "new", "import", "all.zip", "--yes").code == 0
    ask("CREATE TABLE big AS SELECT zeroblob(1000000) AS b")
    ask("DROP TABLE big")
    answer = run("vacuum")
    assert (answer.code, "Give about 1.0 MB" in answer.err) == (2, True)
    assert "freed 1.0 MB" in run("vacuum", "--yes").err


def test_repair_says_beforehand_what_it_would_drop(many: Path, run: Run) -> None:
    document = json.loads(run("repair", "--dry-run", "--json").out)
    damaged = json.loads(run("verify", "--json").out)["damaged"]
    assert set(document["keys"]) == {each["key"] for each in damaged}
    assert document["size_bytes"] > 0
    answer = run("repair", "--yes").err
    assert "dropped 30 results, " in answer
    assert " and kept 4" in answer


def test_a_preview_shows_the_oldest_and_says_of_how_many(many: Path, run: Run) -> None:
    ask("UPDATE tasks SET updated_at = '2019-01-01 00:00:00.000000' WHERE func_name LIKE '%read'")
    answer = run("prune", "--older-than", "30d", "--dry-run")
    assert len(answer.out.splitlines()) == 11
    assert "read" in answer.out.splitlines()[1]
    assert "the oldest 10 of 31; --dry-run --json names all" in answer.err
    assert len(json.loads(run("prune", "--older-than", "30d", "--dry-run", "--json").out)["keys"]) == 31


@pytest.mark.parametrize("verb", ["verify", "stats"])
def test_a_terminal_gets_few_lines_that_fit_and_a_pipe_gets_all(many: Path, terminal: Terminal, verb: str) -> None:
    err = Terminal()
    with redirect_stdout(terminal), redirect_stderr(err):
        app([verb], standalone_mode=False)
    told = [line for line in err.getvalue().splitlines() if "\x1b" not in line]
    assert max(map(len, told)) <= 80
    assert len(terminal.getvalue().splitlines()) <= 22


def test_progress_shows_a_total_only_where_there_is_one(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        for total in (None, 0):
            with progress_bar("exporting", total) as progress:
                progress(3)
    assert "exporting" in terminal.getvalue()
    assert "/" not in terminal.getvalue().replace("\x1b", "")


@pytest.mark.external_service
def test_a_redis_server_can_be_examined_listed_and_pruned(run: Run, redis_url: str) -> None:
    with bs.Spot("far", db=redis_url) as spot:
        spot.run(divmod, 7, 2)
        spot.run(divmod, 8, 2)
    answer = run("--db", redis_url, "doctor")
    assert (answer.code, "answers" in answer.out) == (0, True)
    assert "stats" not in run("--db", redis_url, "list", "--function", "nobody").err  # which needs SQL
    listed = json.loads(run("--db", redis_url, "list", "--limit", "1", "--newer-than", "1d", "--json").out)
    assert [task["func_name"] for task in listed["tasks"]] == ["builtins.divmod"]
    for verb in (["stats"], ["clean"], ["clean", "--storage", "blobs"]):
        assert "beautyspot migrate --from redis://" in run("--db", redis_url, *verb).err
    assert "would delete 2 results" in run("--db", redis_url, "prune", "--function", "divmod", "--dry-run").err
    assert "deleted 1 result" in run("--db", redis_url, "prune", "--max-size", "8", "--yes").err
    assert run("--db", redis_url, "prune", "--older-than", "30d", "--yes").code == 0


@pytest.mark.external_service
def test_blobs_of_a_redis_server_are_cleaned_as_its_refusal_says(run: Run, redis_url: str, tmp_path: Path) -> None:
    with bs.Spot("far", db=redis_url, storage=tmp_path / "blobs") as spot:
        spot.run(str, "dropped by the server", _save_blob=True)
        (row,) = spot.parts.store.find(TaskFilter())
        spot.parts.store.db.delete([row.cache_key])
        spot.run(str, "kept", _save_blob=True)
    for blob in (tmp_path / "blobs").rglob("*.bin"):
        os.utime(blob, (0, 0))
    refused = run("--db", redis_url, "clean", "--storage", str(tmp_path / "blobs"))
    steps = re.findall("`beautyspot (.*?)`", refused.err)
    assert (refused.code, [step.split()[0] for step in steps]) == (2, ["migrate", "clean"])
    assert run(*steps[0].split()).code == 0
    cleaned = run(*steps[1].replace("URL", str(tmp_path / "blobs")).split(), "--yes")
    assert (cleaned.code, "deleted 1 blob, " in cleaned.err) == (0, True)
    assert len(list((tmp_path / "blobs").rglob("*.bin"))) == 1


@pytest.mark.external_service
def test_results_of_a_redis_server_can_be_shown_and_deleted(run: Run, redis_url: str, tmp_path: Path) -> None:
    with bs.Spot("far", db=redis_url, storage=tmp_path / "blobs") as spot:
        for number in (7, 8, 9):
            spot.run(divmod, number, 2)
        spot.run(str, "much", _save_blob=True)
    listed = json.loads(run("--db", redis_url, "list", "--json").out)["tasks"]
    blob, *keys = [task["cache_key"] for task in listed]
    assert json.loads(run("--db", redis_url, "show", keys[0][:12], "--json").out)["value"] == [4, 1]
    assert run("--db", redis_url, "--storage", str(tmp_path / "blobs"), "show", blob, "--raw").out == "much"
    assert (run("--db", redis_url, "delete", "", "--yes").code, run("--db", redis_url, "show", "").code) == (2, 2)
    assert "deleted 1 result" in run("--db", redis_url, "delete", keys[0][:12], keys[0], "--yes").err
    assert "deleted 2 results" in run("--db", redis_url, "delete", "--function", "divmod", "--yes").err
    assert run("--db", redis_url, "show", keys[0]).code == 2
    assert "deleted 1 result" in run("--db", redis_url, "delete", "--all", "--yes").err


def test_a_redis_server_that_is_gone_is_a_finding(run: Run, workspace: Path) -> None:
    answer = run("--db", "redis://127.0.0.1:1/0", "doctor")
    assert (answer.code, "error\tdatabase" in answer.out) == (1, True)


def test_a_place_that_cannot_be_written_is_a_warning(store: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ok\twritable" in run("doctor").out

    def refuse(path: Path, mode: int) -> bool:
        return False

    monkeypatch.setattr("os.access", refuse)  # nothing keeps root from writing but a mount
    assert "warn\twritable" in run("doctor").out
