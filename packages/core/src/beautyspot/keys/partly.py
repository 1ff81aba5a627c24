"""Forms of what has content in part: what has none counts by its class where it lies among others that have some."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from msgpack import ExtType

from beautyspot.keys.canonical import Canonical, NoContentError, pack, tag
from beautyspot.keys.refusals import is_too_deep
from beautyspot.names import qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.keys.canonical import Form
    from beautyspot.keys.registry import KeyRegistry

_DICT, _SETS = tag("dict"), ([tag("set")], [tag("frozenset")])
_OPAQUE = tag("opaque")


class Hole(list["Form"]):
    """The form of what has no content: its class."""

    __slots__ = ()


_NOTHING = Hole([_OPAQUE])
_PACKED = pack(_OPAQUE)


class Partly(Canonical):
    """Makes a form of any value; that of a container in which nothing has content is a hole, as that of a lock is.

    Args and attributes are those of `Canonical`.
    """

    __slots__ = ("_holes",)
    takes_any = True

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...] = (), holes: list[Hole] | None = None) -> None:
        """Make forms as `Canonical` does; `holes` are those that were met."""
        super().__init__(registry, active)
        self._holes = list[Hole]() if holes is None else holes

    def within(self, thing: Any, /) -> Partly:
        """Return one that adds to the same holes."""
        return Partly(self.registry, (*self.active, thing), self._holes)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, a `Hole` where it has no content.

        Raises:
            RecursionError, ValueError: it holds itself, or is nested too deep; that says nothing of its content.
        """
        before = len(self._holes)
        try:
            form = super().form(value)
        except (NoContentError, ValueError) as problem:
            if is_too_deep(problem):
                raise
            form = Hole([_OPAQUE, qualified_name(type(value))])
            self._holes.append(form)
            return form
        return form if len(self._holes) == before else _of_container(form)


def partly(canonical: Canonical, /) -> Canonical:
    """Return one that makes a form of any value, as `canonical` may do itself."""
    return Partly(canonical.registry, canonical.active) if not canonical.takes_any else canonical


def is_hole(form: Form, /) -> bool:
    """Say whether a form is that of something without content."""
    return type(form) is Hole


def _of_container(form: Form) -> Form:
    """Return a form without the pairs and members that have no content; in a list they keep their place."""
    if type(form) is dict:
        kept: Form = {name: item for name, item in form.items() if not is_hole(item)}
        return kept or _NOTHING
    if type(form) is not list:
        return form
    head, parts = (form[:1], form[1:]) if type(form[0]) is ExtType else ([], form)
    if head == [_DICT]:
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [part for pair in pairs if not is_hole(pair[1]) for part in pair]
    elif head in _SETS:
        parts = [part for part in parts if not part[1:].startswith(_PACKED)]
    return _NOTHING if all(map(is_hole, parts)) else [*head, *parts]
