"""Forms of values that hold very much, or the same things on very many ways: each container by a digest of its own."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from beautyspot.keys.canonical import Canonical, pack, tag
from beautyspot.keys.digest import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.keys.canonical import Form
    from beautyspot.keys.registry import KeyRegistry

_FOLDED = tag("folded")


class Folded(Canonical):
    """Makes forms of one size, each once for an object, so that one which is met on 2**20 ways is looked at once.

    Equal values agree, whichever of their parts are one object.
    """

    __slots__ = ("_known",)

    def __init__(
        self, registry: KeyRegistry, active: tuple[Any, ...], known: dict[int, tuple[Any, Form]] | None = None
    ) -> None:
        """Make forms as `Canonical` does; `known` are those made, by `id`, beside the objects, which stay alive."""
        super().__init__(registry, active)
        self._known = {} if known is None else known

    def within(self, thing: Any, /) -> Folded:
        """Return one that knows what this does."""
        return Folded(self.registry, (*self.active, thing), self._known)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, a digest of it where it is a container's; raises what `Canonical.form` does."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        form = super().form(value)
        if type(form) in (list, dict):
            form = [_FOLDED, digest(pack(form))]
            self._known[id(value)] = value, form
        return form
