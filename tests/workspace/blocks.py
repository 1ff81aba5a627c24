"""The blocks of code in the documents, and what those that aren't run on their page say of themselves.

`python` and `console` are run by `test_documents.py`. What can't be run there says why in its title, which the site
shows above it: `title="run by tests/….py"` names the test that does, `title="not run: …"` a reason. `sh` is for what
a reader types: lines with `pip install` and `make` are looked up, others need such a title. `json`, `toml` and `yaml`
are parsed, whatever their title. `text` and `mermaid` hold no code.
"""

import ast
import json
import re
import shlex
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("recipes/**/*.md")]
)
IN_FRONT = r"^[ \t>]*(?:[-*+] +|\d+[.)] +)?"
FENCE = re.compile(
    rf"{IN_FRONT}(?P<fence>`{{3,}}|~{{3,}})[ \t]*(?P<language>[^\s`{{]*)[ \t]*(?P<rest>[^\n`]*)\n"
    r"(?P<text>.*?)^[ \t>]*(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
OPEN = re.compile(rf"{IN_FRONT}(?:`{{3,}}|~{{3,}})", re.MULTILINE)
TITLE = re.compile(r'title="(run by|not run:) ([^"]+)"')
PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": lambda text: [*yaml.safe_load_all(text)],
}
NO_CODE = ("mermaid", "text", *PARSERS)
TYPED = re.compile(r"^(?:\$ |(?:beautyspot|export|make|pip|python)\b)", re.MULTILINE)
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?(.*)")
"""A package, its extras and its bound."""


class Block(NamedTuple):
    """What stands between two fences."""

    language: str
    rest: str
    """What follows the language."""
    text: str

    @property
    def tester(self) -> str | None:
        """The path of the test that runs it, if its page doesn't."""
        title = TITLE.fullmatch(self.rest)
        return title.group(2) if title and title.group(1) == "run by" else None

    @property
    def runs_on_its_page(self) -> bool:
        """Whether `test_documents.py` runs it."""
        return self.language in ("python", "console") and not self.rest

    def faults(self) -> Iterator[str]:
        """Say why it would not be run although a reader would take it for code, or why a program couldn't read it."""
        if parse := PARSERS.get(self.language):
            yield from _faults_of_data(self.language, self.text, parse)
        title = TITLE.fullmatch(self.rest)
        if self.rest and not title:
            yield f'{self.rest!r}: expected title="run by tests/….py" or title="not run: …"'
        elif self.tester:
            yield from _faults_of_tester(self)
        elif self.language == "sh" and not title:
            yield from (f"{line!r}: nothing runs it" for line in self.commands() if not _is_known(line))
        elif self.language == "console" and not title:
            yield from (f"{line!r}: nothing runs it" for line in self.commands() if not _is_run_or_known(line))
            if not self.commands():
                yield "a console in which nothing is typed behind a `$ `"
        elif self.language == "text" and TYPED.search(self.text):
            yield "a command in a block of text"
        elif self.language not in ("python", "console", "sh", *NO_CODE):
            yield f"{self.language!r}: expected python, console, sh, or what is no code"

    def commands(self) -> list[str]:
        """Return the lines that a reader types, without comments."""
        prompt = "$ " if self.language == "console" else ""
        lines = [line.removeprefix(prompt) for line in self.text.splitlines() if line.startswith(prompt)]
        return [typed for line in lines if (typed := re.sub(r"(^| +)# .*", "", line))]


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a document, also those in lists and quotes, and between fences of any kind.

    Raises:
        AssertionError: a fence is left open, so what comes after it would not be run.
    """
    assert not OPEN.search(FENCE.sub("", text)), "a fence is left open"
    return [
        Block(each["language"], each["rest"].strip(), textwrap.dedent(each["text"])) for each in FENCE.finditer(text)
    ]


def block(document: Path, first: str) -> str:
    """Return the block of a document whose first line is this one."""
    [found] = [each.text for each in blocks_of(document.read_text("utf-8")) if each.text.startswith(f"{first}\n")]
    return found


def command(document: Path, line: str) -> str:
    """Return the line, which a document has to tell its reader to type."""
    assert line in [told for each in blocks_of(document.read_text("utf-8")) for told in each.commands()]
    return line


def run_by(tester: str) -> list[tuple[Path, list[Block]]]:
    """Return each document with blocks that name a test, the path of its file, as the one that runs them."""
    name = Path(tester).relative_to(ROOT).as_posix()
    found = [(path, [each for each in blocks_of(path.read_text("utf-8")) if each.tester == name]) for path in DOCUMENTS]
    return [(path, blocks) for path, blocks in found if blocks]


def _faults_of_data(language: str, text: str, parse: Callable[[str], object]) -> Iterator[str]:
    try:
        parse(text)
    except (ValueError, yaml.YAMLError) as error:
        yield f"{text!r} is no {language} ({error}); expected what a program reads; mend it, or call it text"


def _faults_of_tester(block: Block) -> Iterator[str]:
    path = ROOT / str(block.tester)
    if not path.is_file():
        yield f"{block.tester}: there is no such test"
        return
    tree = ast.parse(path.read_text("utf-8"))
    asked = {function: tuple(_texts(tree, function)) for function in ("block", "run_by", "")}
    if asked["run_by"] or block.text.partition("\n")[0] in asked["block"]:
        return
    for line in block.commands():
        typed = re.sub(r"^export (\w+)=.*", r"\1", line)
        if not (typed in asked[""] or _is_known(line)):
            yield f"{block.tester} doesn't run {line!r}"


def _texts(tree: ast.AST, function: str) -> Iterator[str]:
    """Yield the texts that a function is called with, or all that could be a command."""
    for node in ast.walk(tree):
        if function and isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield from (ast.literal_eval(each) if isinstance(each, ast.Constant) else "__file__" for each in node.args)
        elif not function and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _is_run_or_known(line: str) -> bool:
    return line.startswith(("python ", "beautyspot ")) or _is_known(line)


def _is_known(line: str) -> bool:
    """Say whether a line makes a verb of the Makefile, or installs what there is."""
    if verb := re.match(r"make ([a-z-]+)", line):
        return f"\n{verb.group(1)}:" in (ROOT / "Makefile").read_text()
    return line.startswith("pip install ") and all(_can_be_installed(each) for each in shlex.split(line)[2:])


def _can_be_installed(wanted: str) -> bool:
    if wanted.startswith("./"):
        return (ROOT / wanted / "pyproject.toml").is_file()
    name, extras, bound = REQUIREMENT.fullmatch(wanted).groups("")
    known = _installable().get(name)
    return known is not None and {*extras.split(",")} - {""} <= known[0] and bound in ("", known[1])


@cache
def _installable() -> dict[str, tuple[set[str], str]]:
    """Return the extras and the bound of every package that is ours, or that our tests ask for."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = [REQUIREMENT.fullmatch(each) for group in groups.values() for each in group if isinstance(each, str)]
    found = {each[1]: ({*(each[2] or "").split(",")}, each[3]) for each in wanted}
    ours = [tomllib.loads(path.read_text())["project"] for path in ROOT.glob("packages/*/pyproject.toml")]
    return found | {each["name"]: ({*each.get("optional-dependencies", ())}, "") for each in ours}
