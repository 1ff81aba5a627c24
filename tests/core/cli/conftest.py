"""Runs the command as a user does, but within this process."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.cli.app import app
from typer.testing import CliRunner

ESCAPES = "[bold]evil[/] \x1b]0;pwned\x07\x1b[2J\u202e"


@dataclass
class Answer:
    """What a command printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(workspace: Path) -> Run:
    def run(*arguments: str, **environment: str) -> Answer:
        result = CliRunner(env=environment).invoke(app, arguments, prog_name="beautyspot", catch_exceptions=False)
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


class Terminal(io.StringIO):
    """Something that a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


@pytest.fixture
def store(workspace: Path) -> Path:
    """A store with results of two functions in the default place."""
    with bs.Spot("mine") as spot:

        @spot.mark(tags=("red",), version="2")
        def load(number: int) -> dict[str, object]:
            return {"number": number, "text": ESCAPES}

        @spot.mark(save_blob=True, content_type="text/plain")
        def read(name: str) -> str:
            return f"{name}\n{ESCAPES}"

        for number in range(3):
            load(number)
        load(0)
        read("a")
    return workspace
