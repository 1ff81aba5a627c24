"""What stands before a function and shows itself as that function, as decorators of wrapt do: read as a closure is."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownVariableType=false
from operator import is_
from types import CellType, FunctionType

from beautyspot.keys.attributes import held_by
from beautyspot.keys.callables import closure, place_of
from beautyspot.keys.decorators import settings_of
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.names import qualified_name
from beautyspot.wrapped import is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Attribute:
    """An attribute of a proxy itself, read as a cell is."""

    __slots__ = ("_last", "_name", "_proxy")

    def __init__(self, proxy: object, name: str) -> None:
        """Look at `name`, whatever the proxy shows under it."""
        self._proxy, self._name = proxy, name
        self._last: object = None

    @property
    def cell_contents(self) -> object:
        """What it holds now.

        Raises:
            ValueError: it is deleted.
        """
        try:
            now = object.__getattribute__(self._proxy, self._name)
        except AttributeError:
            raise ValueError(self._name) from None
        if not _are_same(now, self._last):
            self._last = now
        return self._last


def cells_of(layer: Any, /) -> dict[str, Any]:
    """Return the cells of a function by name, or of a proxy its settings and what its calls assign, as that is now."""
    if not is_proxy(layer):
        return closure(layer)
    from beautyspot.keys.states import state_of  # `ast` and `inspect` are 20 ms

    kind: type[Any] = type(layer)
    held, state = held_by(layer), state_of(kind)
    settings = settings_of(layer, held)
    begun = (state.assigned - state.left_out - settings.keys()) & held.keys()
    return {**{name: Attribute(layer, name) for name in settings}, **{name: CellType(held[name]) for name in begun}}


def functions_in(layer: Any, /) -> list[FunctionType]:
    """Return the functions that a proxy holds beside the one it shows: such as the wrapper that wrapt calls."""
    if not is_proxy(layer):
        return []
    held = held_by(layer)
    wrapped = held.pop("__wrapped__")
    return [item for _, item in sorted(held.items()) if type(item) is FunctionType and item is not wrapped]


def place_of_layer(layer: Any, /) -> str:
    """Return the name of what stands before a function, whatever it shows: a wrapper's place, a proxy's class."""
    if not is_proxy(layer):
        return place_of(layer)
    kind: type[Any] = type(layer)
    # wrapt calls the modules of its classes by other names from release to release.
    return kind.__qualname__ if is_of_a_library(kind) else qualified_name(kind)


def _are_same(now: Any, last: Any) -> bool:
    """Say whether two things are one, or hold the same: an attribute of C may make a tuple or dict at each look."""
    if now is last or type(now) is not type(last) or type(now) not in (tuple, dict):
        return now is last
    parts: list[tuple[Any, ...]] = [(*each, *each.values()) if type(each) is dict else each for each in (now, last)]
    return len(now) == len(last) and all(map(is_, *parts))
