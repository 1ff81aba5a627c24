"""What all commands share: which database, exit codes, errors, output for people, pipes and programs."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stdout
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.cli.doctor import print_finding
from beautyspot.cli.output import plain
from beautyspot.cli.table import Column, print_table
from beautyspot.cli.text import clean, clean_line
from beautyspot.maintenance import Finding
from rich.cells import cell_len
from rich.text import Text

from .conftest import ESCAPES, Run, Terminal


def test_the_only_database_here_is_found(store: Path, run: Run) -> None:
    answer = run("stats", "--json")
    assert (answer.code, json.loads(answer.out)["database"]) == (0, str(store / ".beautyspot" / "mine.db"))


def test_with_no_database_it_says_what_to_do(run: Run, workspace: Path) -> None:
    answer = run("stats")
    assert (answer.code, answer.out) == (2, "")
    assert "no database" in answer.err
    assert "--db PATH" in answer.err
    assert list(workspace.iterdir()) == []


def test_with_several_databases_it_lists_them_and_asks(store: Path, run: Run) -> None:
    with bs.Spot("other") as spot:
        spot.run(len, "abc")
    answer = run("list")
    assert answer.code == 2
    assert "mine.db" in answer.err
    assert "other.db" in answer.err
    assert run("--db", ".beautyspot/other.db", "list").code == 0


def test_a_database_beside_the_script_is_found_if_the_workspace_has_none(workspace: Path, run: Run) -> None:
    for name in ("exp.db", "foreign.db"):
        with closing(sqlite3.connect(name)) as connection:
            connection.execute(
                f"CREATE TABLE {'tasks' if name == 'exp.db' else 'things'} (cache_key, func_name, result_type)"
            )
    (workspace / "noise.db").write_bytes(b"noise" * 1000)
    answer = run("stats", "--json")
    assert (answer.code, json.loads(answer.out)["database"]) == (0, str(workspace / "exp.db"))
    with bs.Spot("mine") as spot:
        spot.run(len, "abc")
    assert json.loads(run("stats", "--json").out)["database"].endswith("mine.db")


def test_a_foreign_file_is_told_from_ours_with_what_to_give(workspace: Path, run: Run) -> None:
    with closing(sqlite3.connect("foreign.db")) as connection:
        connection.execute("CREATE TABLE things (a)")
    answer = run("--db", "foreign.db", "doctor")
    assert answer.code == 2
    assert answer.err.splitlines()[-1].strip() == "give the path of one that a Spot made"


@pytest.mark.parametrize("place", [".beautyspot/mine.db", "sqlite:///.beautyspot/mine.db"])
def test_the_database_can_be_said_before_and_after_the_command_and_by_the_environment(
    store: Path, run: Run, place: str
) -> None:
    listing = ("list", "--json")  # the table says how long ago each was kept, which goes on
    said = (run("--db", place, *listing), run(*listing, "--db", place), run(*listing, BEAUTYSPOT_DB=place))
    outputs = {each.out for each in said}
    assert len(outputs) == 1
    assert "load" in outputs.pop()


def test_an_error_of_ours_is_one_line_and_the_next_step(store: Path, run: Run) -> None:
    (store / ".beautyspot" / "mine.db").write_bytes(b"noise" * 1000)
    answer = run("stats")
    assert answer.code == 1
    assert answer.err.splitlines()[0].startswith("beautyspot: can't read")
    assert len(answer.err.splitlines()) == 2


def test_a_wrong_option_is_wrong_usage(store: Path, run: Run) -> None:
    assert run("list", "--older-than", "soon").code == 2
    assert run("list", "--limit", "0").code == 2
    assert run("list", "--after", "nonsense").code == 2


def test_version_loads_neither_typer_nor_a_database_library() -> None:
    code = "import sys; sys.argv[1:] = ['--version']; from beautyspot.cli import main; main(); "
    code += "print(sorted({'typer', 'rich', 'sqlalchemy', 'sqlmodel'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("beautyspot 3")
    assert done.stdout.splitlines()[1] == "[]"


def test_the_package_can_be_run_as_a_module(store: Path) -> None:
    command = [sys.executable, "-m", "beautyspot", "--db", str(store / ".beautyspot/mine.db"), "stats"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()[0]) == (0, "function")


def test_a_folder_is_told_with_what_lies_in_it(store: Path, run: Run) -> None:
    database = store / ".beautyspot/mine.db"
    for folder in (store, store / ".beautyspot"):
        answer = run("--db", str(folder), "stats")
        assert answer.code == 2
        assert f"a folder, not a database: '{folder}'\n  it holds {database}: give --db PATH" in answer.err
    (store / "empty").mkdir()
    assert "no database lies in it" in run("doctor", "--db", "empty").err


def test_version_is_also_an_option_among_others(run: Run) -> None:
    assert run("--version", "stats").out.startswith("beautyspot 3")


def test_a_reader_that_leaves_early_is_no_error_to_talk_about(store: Path) -> None:
    with bs.Spot("mine") as spot:
        for number in range(3000):
            spot.run(str, number)
    command = [sys.executable, "-c", "from beautyspot.cli import main; main()", "list", "--limit", "3000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read().decode() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "command", [["list"], ["stats", "--json"], ["show", "{key}"], ["--version"], ["--help"], ["--json", "--version"]]
)
def test_an_output_that_can_not_be_written_is_one_line(store: Path, run: Run, command: list[str]) -> None:
    key = json.loads(run("list", "--json").out)["tasks"][0]["cache_key"]
    arguments = [each.format(key=key) for each in command]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from beautyspot.cli import main; main()", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert [line[:12] for line in done.stderr.splitlines()] == ["beautyspot: ", "  see that w"]


@pytest.mark.skipif(os.name == "nt", reason="the streams of a process are closed by a shell")
@pytest.mark.parametrize("command", ["list", "doctor", "show --raw {key}", "prune --expired"])
def test_with_its_streams_closed_a_command_does_its_work(store: Path, run: Run, command: str) -> None:
    tasks = json.loads(run("list", "--json").out)["tasks"]
    [key] = [task["cache_key"] for task in tasks if task["func_name"].endswith("read")]
    python = [sys.executable, "-m", "beautyspot", *command.format(key=key).split()]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&-', "sh", *python], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, "Error" in done.stderr) == (0, "", False)


def test_nothing_from_a_store_steers_the_terminal(store: Path, run: Run) -> None:
    key = json.loads(run("list", "--function", "read", "--json").out)["tasks"][0]["cache_key"]
    for command in (["show", key], ["show", key, "--json"], ["list"], ["stats"]):
        out = run(*command).out
        assert not {each for each in out if not (each.isprintable() or each in "\n\t")}


def test_what_is_not_printable_is_spelled_out() -> None:
    assert clean(f"a\nb\t{ESCAPES}") == "a\nb\t[bold]evil[/] \\x1b]0;pwned\\x07\\x1b[2J\\u202e"
    assert clean_line("a\r\nb\udc80") == "a\\r\\nb\\udc80"
    assert clean("日本語 é 🌑") == "日本語 é 🌑"


def test_a_pipe_gets_every_column_and_whole_cells(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Column("key"), Column("tags", optional=True), Column("name", yields=True)], [["k" * 100, "", "a\tb"]])
    assert capsys.readouterr().out == f"key\ttags\tname\n{'k' * 100}\t\ta\\tb\n"


def test_a_terminal_gets_lines_that_fit_without_markup_or_empty_columns(terminal: Terminal) -> None:
    columns = [Column("key"), Column("size", right=True), Column("tags", optional=True), Column("name", yields=True)]
    with redirect_stdout(terminal):
        print_table(columns, [["k1", "5 B", "", "package.module." * 9 + "[red]load"], ["k2", "10 kB", "", "日本" * 60]])
    lines = terminal.getvalue().splitlines()
    assert len(lines) == 3
    assert all(cell_len(Text.from_ansi(line).plain) <= 80 for line in lines)
    assert "tags" not in lines[0]
    assert lines[1].rstrip().endswith("module.[red]load")


def test_no_color_is_minded(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    green = "\x1b[32m"
    with redirect_stdout(terminal):
        print_finding(Finding("ok", "space", "enough"))
        assert green in terminal.getvalue()
        terminal.truncate(0)
        monkeypatch.setenv("NO_COLOR", "1")
        print_finding(Finding("ok", "space", "enough"))
    assert green not in terminal.getvalue()


def test_every_value_becomes_json() -> None:
    value = {1: (1, 2), "b": b"\x00", "n": float("nan"), "s": {3}, "o": object}
    assert plain(value) == {"1": [1, 2], "b": {"base64": "AA=="}, "n": "nan", "s": [3], "o": "<class 'object'>"}
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert json.dumps(plain(deep[0]))
