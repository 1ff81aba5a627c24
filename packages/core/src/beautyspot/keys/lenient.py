"""Forms of what a decorator holds, where not everything has content: each part that has some counts."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import os
import sys
from types import FunctionType

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.callables import class_name, is_ours, opaque
from beautyspot.keys.calls import call_in
from beautyspot.keys.canonical import Canonical, NoContentError, pack, tag
from beautyspot.keys.linked import Links
from beautyspot.names import MAINS, is_told_by_code, qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.keys.canonical import Form
    from beautyspot.keys.registry import KeyRegistry

_OBJECT = tag("object")
_LIBRARIES = frozenset(("site-packages", "dist-packages"))
_STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib is 3 ms


class Lenient(Canonical):
    """Makes a form of any value: of one without content its class, of the program's own objects their attributes."""

    __slots__ = ("_links",)
    takes_any = True

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...] = (), links: Links | None = None) -> None:
        """Make forms as `Canonical` does; `links` knows the objects whose attributes are in one already."""
        super().__init__(registry, active)
        self._links = Links() if links is None else links

    def within(self, thing: Any, /) -> Lenient:
        """Return one that knows the objects that this does."""
        return Lenient(self.registry, (*self.active, thing), self._links)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, or what stands for it."""
        try:
            return super().form(value)
        except NoContentError:
            return self._object_form(value)

    def _object_form(self, value: Any) -> Form:
        kind = type(value)
        if call := call_in(value):
            return [*opaque(value), self._called(call.function), self.form(call.given)]
        if is_ours(kind) or is_of_a_library(kind):
            return opaque(value)
        return self._links.form(value, lambda: self._attributes(value))

    def _called(self, function: Any) -> Form:
        is_named = type(function) is FunctionType and not is_told_by_code(function)
        return qualified_name(function) if is_named else self.form(function)

    def _attributes(self, value: Any) -> Form:
        kind = type(value)
        from beautyspot.keys.states import state_of  # `ast` and `inspect` are 20 ms, and few decorators hold objects

        held = attributes(value, slots_of(kind.__mro__))
        names = sorted(held.keys() - state_of(kind).left_out)  # such as the moment when it was made
        return [_OBJECT, class_name(self, kind), {name: self.form(held[name]) for name in names}]


def lenient_form(canonical: Canonical, value: Any, /) -> Form:
    """Return the form of `value`, whatever it holds; its class where it is too deep for one, or changes meanwhile."""
    try:
        form = Lenient(canonical.registry, canonical.active).form(value)
        pack(form)
    except Exception:  # noqa: BLE001 - what a decorator holds may be anything, and must not keep a function from its mark
        form = opaque(value)
    return form


def is_of_a_library(thing: type | FunctionType, /) -> bool:
    """Say whether a class or function is Python's own or an installed package's, which another release may change."""
    if thing.__module__ in MAINS:
        return False
    path: str | None = getattr(sys.modules.get(thing.__module__), "__file__", None)
    if path is None:
        return True
    return path.startswith(_STANDARD) or not _LIBRARIES.isdisjoint(path.replace("\\", "/").split("/"))
