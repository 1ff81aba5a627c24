"""What the user said a class's content is."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from beautyspot.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

_FIXED = (str, int, bool, bytes, type(None), float, complex, list, tuple, dict, set, frozenset, bytearray)


class KeyRegistry:
    """Functions that give the content of instances; the nearest class in the MRO has its say."""

    def __init__(self) -> None:
        """Know no class yet."""
        self.functions: dict[type, Callable[[Any], Any]] = {}
        # Weak, because classes made in a call would otherwise stay for good.
        self.resolved: WeakKeyDictionary[type, Any] = WeakKeyDictionary()
        self.codes: dict[tuple[Any, ...], CodeType] = {}
        """The last function marked of those whose keys begin alike, which their name alone tells apart."""

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
