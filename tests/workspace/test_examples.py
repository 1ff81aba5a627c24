"""Every example runs as a reader would run it, and the demo keeps its promises with real models."""

import importlib
import os
import pty
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
OTHERS = sorted(
    path
    for path in EXAMPLES.rglob("*.py")
    if path.name != "quickstart.py" and not (path.parent / "__init__.py").exists()  # what the demo is made of
)
WITHOUT_LANGUAGE_MODEL = (
    "import runpy, sys; sys.modules['xllamacpp'] = None; sys.path.insert(0, {folder!r});"
    "sys.argv = [{script!r}]; runpy.run_path({script!r}, run_name='__main__')"
)


def run(arguments: list[str], folder: Path) -> str:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def row(screen: str, title: str) -> list[str]:
    """Return the numbers of one line of the demo's table."""
    line = [line for line in screen.splitlines() if line.strip().startswith(title)][
        -1
    ]  # the first only announces the act
    return re.findall(r"\s{2,}(\d[\d.]*)", line)


@pytest.mark.parametrize("example", OTHERS, ids=lambda path: path.name)
def test_the_example_runs(example: Path, tmp_path: Path) -> None:
    run([str(example)], tmp_path)


def show(folder: Path, watch: Callable[[str, int], None]) -> tuple[str, int]:
    """Run the demo on a terminal of 80 columns, tell `watch` what it shows and its process id, and return the end."""
    director, terminal = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    command = [sys.executable, str(EXAMPLES / "quickstart.py")]
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    shown = b""
    with subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **streams) as process:
        os.close(terminal)
        try:
            while part := os.read(director, 65_536):
                shown += part
                watch(shown.decode("utf-8", "replace"), process.pid)
        except OSError:  # how a terminal says that nobody writes to it any more
            pass
        finally:
            os.close(director)
    return shown.decode("utf-8"), process.returncode


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> str:
    shown, code = show(tmp_path_factory.mktemp("demo"), lambda *_: None)
    assert code == 0, shown
    return shown


@pytest.fixture(scope="module")
def screen(terminal: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal)


@pytest.mark.slow
def test_the_demo_fits_one_screen_of_24_lines_with_the_prompt_below(terminal: str, screen: str) -> None:
    assert terminal.count("\n") <= 23
    assert max(len(line.rstrip()) for line in screen.splitlines() if "bin/beautyspot" not in line) <= 80


@pytest.mark.slow
@pytest.mark.parametrize(
    "later_s", [0.0, 0.3, 0.6], ids=["at the first bar", "as the model answers", "as it answers again"]
)
def test_an_interrupted_demo_says_so_in_one_line_and_leaves_the_terminal_as_it_was(
    tmp_path: Path, later_s: float
) -> None:
    interrupted: list[int] = []

    def interrupt(shown: str, process_id: int) -> None:
        if "/12 " in shown and not interrupted:
            interrupted.append(process_id)
            time.sleep(later_s)  # of a model that is real, and answers when it does
            os.killpg(process_id, signal.SIGINT)

    shown, code = show(tmp_path, interrupt)
    assert (code, shown.splitlines()[-1]) == (130, "stopped; `make demo` starts over")
    assert "Traceback" not in shown
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l") > 0
    with pytest.raises(ProcessLookupError):
        os.killpg(interrupted[0], 0)


def test_an_interrupt_waits_until_the_model_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    models: Any = importlib.import_module("demo.models")
    started: list[str] = []

    def start() -> None:
        with models.holding_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            started.append("model")

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        start()
    assert (started, signal.getsignal(signal.SIGINT)) == (["model"], before)


INTERRUPTED_IMPORT = """
import os, signal, sys
class Interrupts:
    def find_spec(self, name, *_):
        if name == "demo.models":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
sys.path.insert(0, sys.argv[1])
from demo import stage
"""


def test_a_demo_that_is_interrupted_while_it_imports_shows_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT, str(EXAMPLES)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (-signal.SIGINT, "")


@pytest.mark.slow
def test_the_demo_makes_each_call_once_although_it_is_killed(screen: str) -> None:
    total = int(re.findall(r"(\d+) calls", screen)[-1])
    kept = int(re.findall(r"(\d+) of \d+ were kept", screen)[0])
    assert 0 < kept < total
    assert int(row(screen, "run again")[0]) == total - kept
    assert int(row(screen, "second run")[0]) == 0


@pytest.mark.slow
def test_the_demo_is_never_refused_by_an_api_that_refuses_others(screen: str) -> None:
    refused = [int(row(screen, title)[1]) for title in ("first run", "run again", "second run", "in a row")]
    assert refused[:3] == [0, 0, 0]
    assert refused[3] > 0


@pytest.mark.slow
def test_without_wheels_of_the_language_model_the_demo_says_so_and_runs_on(tmp_path: Path) -> None:
    script = str(EXAMPLES / "quickstart.py")
    screen = run(["-c", WITHOUT_LANGUAGE_MODEL.format(folder=str(EXAMPLES), script=script)], tmp_path)
    assert "no wheel of the language model for this platform" in screen
    assert int(row(screen, "second run")[0]) == 0


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    demo = runpy.run_path(str(EXAMPLES / "demo" / "model_api.py"))
    with demo["serve"](demo["ModelAPI"](None, None, calls_per_minute=60)) as url:
        yield url


def status_of(url: str) -> int:
    try:
        with urlopen(Request(f"{url}/v1/embeddings", b"{}"), timeout=10) as response:
            return response.status
    except HTTPError as error:
        error.close()
        return error.code


def test_the_demos_api_answers_429_above_its_rate_also_to_threads(url: str) -> None:
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(status_of(url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [404, 404, 404, 429, 429, 429]
