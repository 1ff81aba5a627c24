"""What `version=FROM_CODE` adds to the form of a Runnable: the code that its functions and classes run."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from types import FunctionType
from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.keys.callables import is_ours
from beautyspot.keys.canonical import PLAIN, Canonical, Form, tag
from beautyspot.keys.code import version_from_code
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.wrapped import unwrap
from langchain_core.language_models import BaseLanguageModel
from langchain_core.runnables import Runnable

_CODE = tag("code")


class ToldByCode(Canonical):
    """Makes forms as `Canonical` does; those of the program's functions, classes and Runnables with what they run."""

    __slots__ = ()

    def within(self, thing: Any, /) -> "ToldByCode":
        """Return one like this for what lies in `thing`."""
        return ToldByCode(self.registry, (*self.active, thing))

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, wherever in a Runnable it lies; raises what `Canonical.form` does."""
        form = super().form(value)
        kind = type(value)
        if kind in PLAIN or any(value is each for each in self.active):
            return form
        ran = [kind if issubclass(kind, Runnable) else value]
        if issubclass(kind, BaseLanguageModel):  # its form is a text, for which nothing in it is met here
            ran += [item for _, item in sorted(vars(value).items()) if type(item) is FunctionType]
        codes = [code for code in map(_code, ran) if code is not None]
        return [_CODE, form, *codes] if codes else form


def _code(thing: Any) -> str | None:
    """Return a digest of the code of what may be called; None where it is a library's, or not written in Python."""
    inner = unwrap(thing)
    kind = inner if type(inner) is FunctionType or isinstance(inner, type) else type(inner)
    if not callable(thing) or is_ours(kind) or is_of_a_library(kind):
        return None
    try:
        return version_from_code(thing)
    except ConfigurationError:
        return None
