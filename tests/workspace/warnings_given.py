"""Where our code warns, and the words of each warning that never change."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
WARNS = ("warn", "_warn", "tell")
NOWHERE = "share their results, which are kept under a function's module and name"
"""What `keys/namesakes.py` makes, and `marking.py` gives."""
CATEGORY = re.compile(r"\w+Warning")


class Given(NamedTuple):
    """One place in the code that warns."""

    place: str
    """File and line, for who reads a failure."""
    category: str | None
    """The warning's class; None where it is the caller's to say."""
    words: str
    """The longest piece of the message that is always there."""


def warnings_given() -> Iterator[Given]:
    """Find each call that gives a warning, but for those that hand one on."""
    yield Given("beautyspot/marking.py", "CacheWarning", NOWHERE)
    for path in sorted(ROOT.glob("packages/*/src/**/*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for call in _calls(function):
                    if words := _words(call, function):
                        yield Given(f"{path.name}:{call.lineno}", _category(call), words)


def _calls(function: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WARNS:
            yield node


def _category(call: ast.Call) -> str | None:
    names = [each.id for each in [*call.args, *(word.value for word in call.keywords)] if isinstance(each, ast.Name)]
    return next((name for name in names if CATEGORY.fullmatch(name)), None)


def _words(call: ast.Call, function: ast.AST) -> str:
    """Return the longest piece of text of a call's message, which may be a variable of its function."""
    names = {each.id for each in call.args if isinstance(each, ast.Name)}
    values = [each for each in call.args if isinstance(each, ast.JoinedStr | ast.Constant | ast.BinOp)]
    assigned = [each for each in ast.walk(function) if isinstance(each, ast.Assign)]
    values += [
        each.value for each in assigned if names & {name.id for name in each.targets if isinstance(name, ast.Name)}
    ]
    pieces = [each.value for value in values for each in ast.walk(value) if isinstance(each, ast.Constant)]
    texts = [text.strip(" ,;:()`'") for text in pieces if isinstance(text, str)]
    return max((text for text in texts if " " in text), key=len, default="")
