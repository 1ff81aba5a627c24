"""What `version=FROM_CODE` adds to the form of a Runnable: the code that its functions and classes run."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FunctionType
from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.keys import FromCode
from beautyspot.keys.callables import is_ours
from beautyspot.keys.canonical import PLAIN, Canonical, Form, pack, tag
from beautyspot.keys.code import version_from_code
from beautyspot.keys.digest import digest
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.keys.registry import KeyRegistry
from beautyspot.wrapped import unwrap
from langchain_core.language_models import BaseLanguageModel
from langchain_core.runnables import Runnable

_CODE = tag("code")


class ToldByCode(Canonical):
    """Makes forms as `Canonical` does; those of the program's functions, classes and Runnables with what they run."""

    __slots__ = ("_codes",)

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...] = (), *, codes: list[str] | None = None) -> None:
        """Make forms as `Canonical` does; `codes` takes the code of all that is met, with a form or without."""
        super().__init__(registry, active)
        self._codes = codes

    def within(self, thing: Any, /) -> "ToldByCode":
        """Return one like this for what lies in `thing`."""
        return ToldByCode(self.registry, (*self.active, thing), codes=self._codes)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, wherever in a Runnable it lies; raises what `Canonical.form` does."""
        kind = type(value)
        if kind in PLAIN or any(value is each for each in self.active):
            return super().form(value)
        ran = [kind if issubclass(kind, Runnable) else value]
        if issubclass(kind, BaseLanguageModel):  # its form is a text, for which nothing in it is met here
            ran += [item for _, item in sorted(vars(value).items()) if type(item) is FunctionType]
        codes = [code for code in map(_code, ran) if code is not None]
        if self._codes is not None:
            self._codes += codes
        form = super().form(value)
        return [_CODE, form, *codes] if codes else form


class CodeOfTool(FromCode):
    """What `FROM_CODE` reads of a tool: its function or class, and what lies in its fields or is closed over."""

    def __init__(self, of: Any, held: Callable[[], Iterable[Any]], registry: KeyRegistry) -> None:
        """Have read the code of `of` and of what `held` returns then, with what that holds."""
        super().__init__(of)
        self._held, self._registry = held, registry

    def read(self, function: Any, /) -> str:
        """Return the version."""
        codes = list[str]()
        for each in self._held():
            with suppress(Exception):  # what it holds is anybody's; what it is the key says, or refuses
                ToldByCode(self._registry, codes=codes).form(each)
        own = super().read(function)
        return f"code:{digest(pack([own, *sorted(codes)]), size_bytes=8).hex()}" if codes else own


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
