"""What `version=FROM_CODE` adds to the form of a Runnable: the code that its functions and its own class run."""

from typing import Any

from beautyspot.errors import ConfigurationError
from beautyspot.keys.canonical import Canonical, Form, tag
from beautyspot.keys.code import version_from_code
from beautyspot.keys.lenient import is_of_a_library
from langchain_core.runnables import Runnable

from langchain_beautyspot.runnable_forms import FUNCTIONS

_CODE = tag("code")
_OF_TOOLS = "coroutine"


class ToldByCode(Canonical):
    """Makes forms as `Canonical` does; those of Runnables, wherever they lie, with the code that they run."""

    __slots__ = ()

    def within(self, thing: Any, /) -> "ToldByCode":
        """Return one like this for what lies in `thing`."""
        return ToldByCode(self.registry, (*self.active, thing))

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`; raises what `Canonical.form` does."""
        form = super().form(value)
        return [_CODE, form, *_codes(value)] if isinstance(value, Runnable) else form


def _codes(runnable: Any) -> list[str | None]:
    """Return a digest of each function that a Runnable was given, and of its class and bases but those of libraries."""
    own: dict[str, Any] = runnable.__dict__
    given = [own[name] for name in (*FUNCTIONS, _OF_TOOLS) if own.get(name) is not None]
    return [*map(_code, given), *(_code(kind) for kind in type(runnable).__mro__ if not is_of_a_library(kind))]


def _code(function: Any) -> str | None:
    try:
        return version_from_code(function)
    except ConfigurationError:  # it is not written in Python, or has no methods
        return None
