"""`FROM_CODE` of classes and of instances that are called: all that their bodies define."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from beautyspot.keys.code import version_from_code

BODIES = """
import functools

def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) + 1
    return wrapper

def times(count):
    def decorated(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args) * count
        return wrapper
    return decorated

def hidden(count):
    return lambda function: lambda *args: function(*args) * count

def divided(one, other):
    return one / other

def helper():
    return 2

class Base:
    def inherited(self):
        return 3

class Other:
    def inherited(self):
        return 18

class Price(Base, Other):
    @property
    def net(self):
        return 4
    @net.setter
    def net(self, value):
        self.set = 5
    @net.deleter
    def net(self):
        self.set = 6
    @functools.cached_property
    def gross(self):
        return 7
    @property
    @wrapped
    def tax(self):
        return 8
    @wrapped
    def rate(self):
        return 9
    @staticmethod
    def of_class():
        return helper()
    @functools.singledispatchmethod
    def shown(self, value):
        return 10
    def rounded(self, places):
        return 11
    short = functools.partialmethod(rounded, 12)
    half = staticmethod(functools.partial(divided, 13))
    @times(14)
    def twice(self):
        return 1
    @hidden(15)
    def thrice(self):
        return 1
    tenth, fifth = (lambda self: 16), (lambda self: 17)
    chosen = rounded
    def __call__(self):
        return self.net, self.gross, self.tax, self.rate(), self.inherited()

price = Price()
"""
EDITS = [*(f"return {number}" for number in (2, 3, 4, 7, 8, 9, 10, 11)), "set = 5", "set = 6", "+ 1", "12", "13", "14"]
EDITS += ["15", "16", "17"]
EXCHANGED = [("(lambda self: 16), (lambda self: 17)", "(lambda self: 17), (lambda self: 16)"), ("= rounded", "= shown")]
EXCHANGED += [("Base, Other", "Other, Base"), ("@staticmethod", "@classmethod")]


def version(source: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("priced")
    module.__file__ = str(folder / "priced.py")
    monkeypatch.setitem(sys.modules, "priced", module)
    exec(source, vars(module))
    return version_from_code(vars(module)[name])


@pytest.mark.parametrize("name", ["Price", "price"])
@pytest.mark.parametrize("edit", EDITS)
def test_what_a_class_or_its_bases_define_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, edit: str
):
    def made(source: str) -> str:
        return version(source, name, tmp_path, monkeypatch)

    assert BODIES.count(edit) >= 1
    assert made(BODIES) == made(BODIES) != made(BODIES.replace(edit, f"{edit}00"))


@pytest.mark.parametrize("name", ["Price", "price"])
@pytest.mark.parametrize(("was", "now"), EXCHANGED, ids=["lambdas", "another method's name", "bases", "kind"])
def test_which_method_has_which_name_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, was: str, now: str
):
    made = [version(each, name, tmp_path, monkeypatch) for each in (BODIES, BODIES.replace(was, now), BODIES)]
    assert made[0] == made[2] != made[1]


def test_what_its_object_holds_is_no_code():
    class Client:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    class Asker:
        client = Client()

        def __call__(self) -> None:
            """Ask nothing."""

    assert version_from_code(Asker()) == version_from_code(Asker())
