"""What the user said a class's content is."""

from __future__ import annotations

from weakref import WeakKeyDictionary, WeakValueDictionary

from beautyspot.errors import ConfigurationError
from beautyspot.keys.sights import Sights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_FIXED = (str, int, bool, bytes, type(None), float, complex, list, tuple, dict, set, frozenset, bytearray)


class Namesakes:
    """The last function marked of those whose keys begin alike, which their name alone tells apart."""

    def __init__(self) -> None:
        """Know no function yet."""
        self.codes: dict[tuple[Any, ...], CodeType] = {}


_namesakes: WeakValueDictionary[str, Namesakes] = WeakValueDictionary()


class KeyRegistry:
    """Functions that give the content of instances; the nearest class in the MRO has its say."""

    def __init__(self, *, store: str | None = None) -> None:
        """Know no class yet.

        Args:
            store: Where the results lie; functions of two registries with the same one may be namesakes. None: alone.
        """
        self.functions: dict[type, Callable[[Any], Any]] = {}
        # Weak, because classes made in a call would otherwise stay for good.
        self.resolved: WeakKeyDictionary[type, Any] = WeakKeyDictionary()
        self.sights = Sights()
        self.namesakes = Namesakes() if store is None else _namesakes.setdefault(store, Namesakes())

    def register(self, type_: type, function: Callable[[Any], Any], /) -> None:
        """Make keys of `type_` and its subclasses from what `function` returns, which must be keyable itself.

        Raises:
            ConfigurationError: `type_` is no class or has a content that can't be changed; `function` can't be called.
        """
        if not isinstance(type_, type) or type_ in _FIXED:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"register_key got {type_!r}; give a class other than the builtin data types")
        if not callable(function):
            raise ConfigurationError(f"register_key got {function!r}; give a function from an instance to its content")
        self.functions[type_] = function
        self.resolved.clear()
        self.sights = Sights()
