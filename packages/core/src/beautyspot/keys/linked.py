"""Objects that may all lead to one another: each is looked at once, and told again by what it was."""

from __future__ import annotations

from beautyspot.keys.canonical import pack, tag
from beautyspot.keys.digest import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from beautyspot.keys.canonical import Form

_LINKED, _AROUND, _BESIDE, _WITHIN = map(tag, ("linked", "around", "beside", "within"))


class Links:
    """The objects that were met while the form of one value is made.

    An object is told by its content, be it met again or not, so that no order of a set counts. Of those that lead back
    to one another, one that is met again is told by where it was met first, as seen from there.

    Source: Tarjan, Depth-first search and linear graph algorithms (1972), section 4.
    """

    __slots__ = ("_depths", "_known", "_lowest", "_open", "_places")

    def __init__(self) -> None:
        """Know no object."""
        self._known: dict[int, tuple[Any, Form]] = {}  # by `id`, beside the objects, which stay alive
        self._open: list[tuple[Any, Form]] = []  # what leads, or may lead, back to one that is looked at now
        self._places: dict[int, int] = {}  # in `_open`
        self._depths: dict[int, int] = {}  # of those that are looked at now
        self._lowest = 0

    def form(self, value: Any, look: Callable[[], Form], /) -> Form:
        """Return the form of `value`; raises what `look` does, which makes it of an object that is met first.

        Raises:
            ValueError: it is nested too deep.
        """
        one = id(value)
        known = self._known.get(one)
        if known is not None:
            return known[1]
        if one in self._places:
            return self._again(one)
        place, around = len(self._open), self._lowest
        self._places[one], self._depths[one], self._lowest = place, len(self._depths), place
        self._open.append((value, None))
        lowest = place
        try:
            form = [_LINKED, digest(pack(look()))]
            self._open[place], lowest = (value, form), self._lowest
            return form
        finally:
            del self._depths[one]
            self._lowest = min(around, lowest)
            if lowest == place:
                self._close(place)

    def _again(self, one: int) -> Form:
        place = self._places[one]
        self._lowest = min(self._lowest, place)
        depth = self._depths.get(one)
        return [_BESIDE, len(self._open) - place] if depth is None else [_AROUND, len(self._depths) - depth]

    def _close(self, first: int) -> None:
        root = self._open[first][1]
        for place, (value, form) in enumerate(self._open[first:]):
            del self._places[id(value)]
            if root is not None:  # else it could not be looked at
                self._known[id(value)] = value, [_WITHIN, root, place, form] if place else root
        del self._open[first:]
