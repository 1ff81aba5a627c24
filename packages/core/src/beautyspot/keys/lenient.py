"""Forms of what a decorator holds, where not everything has content: each part that has some counts."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import os
import sys

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.callables import is_ours, opaque
from beautyspot.keys.canonical import Canonical, NoContentError, tag
from beautyspot.names import MAINS, qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.keys.canonical import Form

_OBJECT = tag("object")
_LIBRARIES = frozenset(("site-packages", "dist-packages"))
_STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib is 3 ms


class Lenient(Canonical):
    """Makes a form of any value: of one without content its class, of the program's own objects their attributes."""

    __slots__ = ()

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, or what stands for it."""
        try:
            return super().form(value)
        except NoContentError:
            return self._object_form(value)

    def _object_form(self, value: Any) -> Form:
        kind = type(value)
        if is_ours(kind) or is_of_a_library(kind) or any(each is value for each in self.active):
            return opaque(value)
        from beautyspot.keys.states import state_of  # `ast` and `inspect` are 20 ms, and few decorators hold objects

        held = attributes(value, slots_of(kind.__mro__))
        inside = Lenient(self.registry, (*self.active, value))
        names = sorted(held.keys() - state_of(kind).left_out)  # such as the moment when it was made
        return [_OBJECT, qualified_name(kind), {name: inside.form(held[name]) for name in names}]


def is_of_a_library(kind: type, /) -> bool:
    """Say whether a class is Python's own or an installed package's, whose attributes another release may change."""
    if kind.__module__ in MAINS:
        return False
    path: str | None = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if path is None:
        return True
    return path.startswith(_STANDARD) or not _LIBRARIES.isdisjoint(path.replace("\\", "/").split("/"))
