"""Where our code warns, the words of each warning that never change, and every class that it may have."""

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
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Given(NamedTuple):
    """One class of one place in the code that warns."""

    place: str
    """File and line, for who reads a failure."""
    category: str | None
    """The warning's class; None where nothing tells it."""
    words: str
    """The pieces of the message that don't change, with … between them."""


class Site(NamedTuple):
    """A call in our code, with the function and the file that it is in."""

    call: ast.Call
    function: Function
    path: Path

    @property
    def callee(self) -> str:
        """What is called, without what it is of."""
        return getattr(self.call.func, "attr", None) or getattr(self.call.func, "id", "")

    def names(self) -> set[str]:
        """Return the variables and classes that are handed over."""
        given = [*self.call.args, *(word.value for word in self.call.keywords)]
        return {each.id for value in given for each in ast.walk(value) if isinstance(each, ast.Name)}


def warnings_given(root: Path = ROOT) -> Iterator[Given]:
    """Find each call that gives a warning, but for those that hand one on."""
    yield Given("beautyspot/marking.py", "CacheWarning", NOWHERE)
    sites = [site for path in sorted(root.glob("packages/*/src/**/*.py")) for site in _sites(path)]
    for site in sites:
        if isinstance(site.call.func, ast.Attribute) and site.callee in WARNS and (words := _words(site)):
            place = f"{site.path.name}:{site.call.lineno}"
            for category in sorted(_categories(site, sites)) or [None]:
                yield Given(place, category, words)


def _sites(path: Path) -> Iterator[Site]:
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, Function):
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            yield from (Site(call, function, path) for call in calls)


def _categories(site: Site, sites: list[Site]) -> set[str]:
    """Return the classes that a warning may have: those that are handed over, or the one that its helper gives it."""
    if found := _handed_over(site, sites):
        return found
    helpers = [each for each in sites if each.function.name == site.callee]
    beside = [each for each in helpers if each.path == site.path] or [
        each for each in helpers if site.callee[0] != "_" and each.path.parent == site.path.parent
    ]
    return {name for each in beside if each.callee in WARNS for name in _handed_over(each, sites)}


def _handed_over(site: Site, sites: list[Site]) -> set[str]:
    """Return the classes that a call hands over; of a parameter those that its function is called with."""
    if own := {name for name in site.names() if CATEGORY.fullmatch(name)}:
        return own
    if not site.names() & _handed_in(site.function):
        return set()
    name = site.function.name
    callers = [each for each in sites if each.callee == name and (each.path == site.path or name[0] != "_")]
    return _default(site.function).union(*(_handed_over(each, sites) for each in callers))


def _handed_in(function: Function) -> set[str]:
    """Return the parameters that are a warning's class."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {each.arg for each in every if each.annotation and "Warning" in ast.unparse(each.annotation)}


def _default(function: Function) -> set[str]:
    values = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
    return {each.id for each in values if isinstance(each, ast.Name) and CATEGORY.fullmatch(each.id)}


def _words(site: Site) -> str:
    """Return the pieces of text of a call's message, which may be a variable of its function."""
    call, function = site.call, site.function
    names = {each.id for each in call.args if isinstance(each, ast.Name)}
    values = [each for each in call.args if isinstance(each, ast.JoinedStr | ast.Constant | ast.BinOp)]
    assigned = [each for each in ast.walk(function) if isinstance(each, ast.Assign)]
    values += [
        each.value for each in assigned if names & {name.id for name in each.targets if isinstance(name, ast.Name)}
    ]
    pieces = [each.value for value in values for each in ast.walk(value) if isinstance(each, ast.Constant)]
    texts = [text.strip(" ,;:()`'") for text in pieces if isinstance(text, str)]
    return " … ".join(text for text in texts if " " in text)
