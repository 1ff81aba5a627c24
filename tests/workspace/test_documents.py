"""Every block of the documents runs, and prints what it says.

A Python block that begins with `# name.py` is saved under that name; the other Python blocks of a document are one
program, which is run before the next `console` block with what there is of it. In a `console` block each `$ python …`
and `$ beautyspot …` is run in the document's folder, and what is printed must match the lines below it, where `...`
stands for anything.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"# (\w+\.py)\n")
MATCHES = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run(command: list[str], folder: Path) -> str:
    # A reader's pytest has no plugins of ours, which warn where they find no settings.
    tidy = {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONWARNINGS": "error", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, **tidy}
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
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_program(source: str, folder: Path) -> None:
    (folder / "program.py").write_text(source)
    run([sys.executable, "program.py"], folder)


def run_console(block: str, folder: Path) -> None:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        words = shlex.split(line, comments=True)
        if words[0] not in ("python", "beautyspot"):
            continue
        printed = run([str(Path(sys.executable).with_name(words[0])), *words[1:]], folder)
        if expected.strip():
            assert doctest.OutputChecker().check_output(expected, printed, MATCHES), f"$ {line}\n{printed}"


def run_document(text: str, folder: Path) -> int:
    """Run the blocks of a document and return how many there were."""
    program, has_new, blocks = "", False, BLOCK.findall(text)
    for language, block in [*blocks, ("console", "")]:
        name = NAME.match(block)
        if language == "console":
            if has_new:
                run_program(program, folder)
            has_new = False
            run_console(block, folder)
        elif name:
            (folder / name.group(1)).write_text(block)
        else:
            program, has_new = f"{program}{block}\n", True
    return len(blocks)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_runs_and_prints_what_it_says(document: Path, tmp_path: Path) -> None:
    run_document(document.read_text("utf-8"), tmp_path)


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
    ],
)
def test_a_block_that_does_not_hold_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_document(text, tmp_path)
