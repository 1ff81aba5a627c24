"""Every block of the documents runs, and prints what it says; `blocks.py` tells which are run elsewhere.

A Python block that begins with `# name.py` is saved under that name; the other Python blocks of a document are one
program, which is run before the next `console` block with what there is of it. In a `console` block each `$ python …`
and `$ beautyspot …` is run in the document's folder, and what is printed must match the lines below it, where `...`
stands for anything. A command that fails has to say there, without `...`, what it says then. None may warn.
"""

import doctest
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from workspace.blocks import DOCUMENTS, ROOT, Block, blocks_of

NAME = re.compile(r"# (\w+\.py)\n")
IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)
MATCHES = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECONDS = re.compile(r"\b\d+ s\b")
WARNED = re.compile(r"\w+Warning: ")
WARNINGS = "error,ignore:`langchain-community` is being sunset"


class SlowError(AssertionError):
    """A block printed other seconds than it says, and nothing else: a busy machine may have been at it."""


def run(command: list[str], folder: Path, *, fails_with: str = "", **more: str) -> str:
    """Return what a command prints; it may fail if that is told."""
    # A reader's pytest has no plugins of ours, which warn where they find no settings.
    tidy = {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONWARNINGS": WARNINGS, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, **tidy, **more}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or (fails_with and fails_with == said and "..." not in said), said
    assert done.returncode or not WARNED.search(done.stderr), said  # some are shown even where they are made errors
    return done.stdout if done.returncode == 0 else said


def run_program(source: str, folder: Path, **environment: str) -> None:
    (folder / "program.py").write_text(source)
    run([sys.executable, "program.py"], folder, **environment)


def run_console(block: str, folder: Path, **environment: str) -> None:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        words = shlex.split(line, comments=True)
        if words[0] not in ("python", "beautyspot"):
            continue
        program = str(Path(sys.executable).with_name(words[0]))
        printed = run([program, *words[1:]], folder, fails_with=expected, **environment)
        if expected.strip() and not matches(expected, printed):
            is_slow = matches(SECONDS.sub("", expected), SECONDS.sub("", printed))
            raise (SlowError if is_slow else AssertionError)(f"$ {line}\n{printed}")


def matches(expected: str, printed: str) -> bool:
    return doctest.OutputChecker().check_output(expected, printed, MATCHES)


def run_blocks(blocks: list[Block], folder: Path, **environment: str) -> None:
    """Run them in their order, with what is more in the environment."""
    program, has_new = "", False
    for language, _, text in [*blocks, Block("console", "", "")]:
        name = NAME.match(text)
        if language == "console":
            if has_new:
                run_program(program, folder, **environment)
            has_new = False
            run_console(text, folder, **environment)
        elif name:
            (folder / name.group(1)).write_text(text)
        else:
            program, has_new = f"{program}{text}\n", True


def run_document(text: str, folder: Path) -> None:
    """Run the blocks of a document that no other test runs, and refuse any that would not be run at all."""
    blocks = blocks_of(text)
    assert [fault for block in blocks for fault in block.faults()] == []
    mine = [block for block in blocks if block.runs_on_its_page]
    if missing := [name for name in imported(mine) if importlib.util.find_spec(name) is None]:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"not installed: {', '.join(missing)}")
    run_blocks(mine, folder)


def run_where_it_is_quick(text: str, folder: Path, attempts: int = 3) -> None:
    """Run a document, again from the start where only its seconds are not as it says."""
    for attempt in range(attempts):
        own = folder / str(attempt)
        own.mkdir()
        try:
            return run_document(text, own)
        except SlowError:
            if attempt == attempts - 1:
                raise
    return None


def imported(blocks: list[Block]) -> list[str]:
    """Return the modules that come from elsewhere, by the first part of their names."""
    own = {name.group(1).removesuffix(".py") for each in blocks if (name := NAME.match(each.text))}
    return sorted({name for each in blocks if each.language == "python" for name in IMPORTED.findall(each.text)} - own)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_runs_and_prints_what_it_says(document: Path, tmp_path: Path) -> None:
    run_where_it_is_quick(document.read_text("utf-8"), tmp_path)


def test_the_readme_shows_a_result_before_its_30th_line(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    console = re.search(r"^```console\n\$ python .*?^```$", readme, re.MULTILINE | re.DOTALL)
    assert console
    assert readme[: console.start()].count("\n") < 30


@pytest.mark.parametrize(
    "text",
    [
        "```python\nraise SystemExit(1)\n```\n",
        "```python\n# a.py\nprint(1)\n```\n\n```console\n$ python a.py\n2\n```\n",
        "```console\n$ beautyspot no-such-verb\n```\n",
        "``` python\nraise SystemExit(1)\n```\n",
        "~~~python\nraise SystemExit(1)\n~~~\n",
        "- a point\n\n    ```python\n    raise SystemExit(1)\n    ```\n",
        "- ```python\n  raise SystemExit(1)\n  ```\n",
        "```python\n# a.py\nexit('no')\n```\n\n```console\n$ python a.py\nyes\n```\n",
        "```python\nassert False\n",
        "```python\nimport warnings\nwarnings.showwarning(UserWarning(1), UserWarning, 'a', 1)\n```\n",
    ],
)
def test_a_block_that_does_not_hold_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_document(text, tmp_path)


def test_a_document_is_run_again_where_only_its_seconds_differ(tmp_path: Path) -> None:
    slow_once = "from pathlib import Path\nslow = len(list(Path('..').iterdir())) == 1\nprint(1 + slow, 's')\n"
    text = "```python\n# a.py\n{}```\n\n```console\n$ python a.py\n1 s\n```\n"
    run_where_it_is_quick(text.format(slow_once), tmp_path)
    for number, (wrong, runs) in enumerate([("print('2 s')\n", 3), ("print('2 hits')\n", 1)]):
        folder = tmp_path / f"wrong-{number}"
        folder.mkdir()
        with pytest.raises(AssertionError):
            run_where_it_is_quick(text.format(wrong), folder)
        assert len([*folder.iterdir()]) == runs


@pytest.mark.parametrize(
    ("fence", "line"),
    [
        ("py", "spot = ..."),
        ("Python", "spot = ..."),
        ("", "spot = ..."),
        ("python no-run", "spot = ..."),
        ('python title="run by tests/test_nothing.py"', "spot = ..."),
        ("text", "pip install beautyspot"),
        ("sh", "beautyspot ui"),
        ("sh", "make nothing"),
        ("console", "$ make nothing"),
        ("console", "$ celery -A nothing worker"),
        ("console", "beautyspot stats"),
        ("sh", "pip install 'beautyspot[nothing]'"),
        ("sh", "pip install 'gunicorn>=1'"),
        ('sh title="run by tests/workspace/test_sizes.py"', "celery worker"),
        ('sh title="run by tests/recipes/test_fastapi.py"', "uvicorn upstream:app --port 9000 --reload"),
        ('console title="run by tests/recipes/test_fastapi.py"', "$ curl http://127.0.0.1:8000/summaries/owls/more"),
    ],
)
def test_a_block_that_nothing_runs_is_refused(fence: str, line: str) -> None:
    [block] = blocks_of(f"```{fence}\n{line}\n```\n")
    assert list(block.faults())


@pytest.mark.parametrize("title", ["", ' title="not run: an example"'])
@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("json", '{"a": 1}', "{'a': 1}"),
        ("toml", 'a = "1"', "a = 1s"),
        ("yaml", "a: 1\n---\nb: [2]", "a: [1"),
        ("yaml", "a: 1", "a: 1\n\tb: 2"),
    ],
)
def test_data_that_no_program_could_read_is_refused(language: str, right: str, wrong: str, title: str) -> None:
    assert list(block_of(language, title, right).faults()) == []
    [fault] = block_of(language, title, wrong).faults()
    assert f"is no {language}" in fault


def block_of(language: str, title: str, text: str) -> Block:
    [block] = blocks_of(f"```{language}{title}\n{text}\n```\n")
    return block


@pytest.mark.parametrize(
    "line", ["pip install ./packages/core", "make demo  # shows it", "pip install 'beautyspot[s3]'"]
)
def test_what_installs_and_makes_is_looked_up(line: str) -> None:
    [block] = blocks_of(f"```sh\n{line}\n```\n")
    assert list(block.faults()) == []
