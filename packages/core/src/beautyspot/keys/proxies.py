"""What stands before a function and shows itself as that function, as decorators of wrapt do: read as a closure is."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownVariableType=false
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

    __slots__ = ("_name", "_proxy")

    def __init__(self, proxy: object, name: str) -> None:
        """Look at `name`, whatever the proxy shows under it."""
        self._proxy, self._name = proxy, name

    @property
    def cell_contents(self) -> object:
        """What it holds now.

        Raises:
            ValueError: it is deleted.
        """
        try:
            return object.__getattribute__(self._proxy, self._name)
        except AttributeError:
            raise ValueError(self._name) from None


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
