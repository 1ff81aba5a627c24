"""Whether an argument is what it should be, asked where it is given."""

from __future__ import annotations

from reprlib import Repr  # loaded by functools in any case

from beautyspot.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


_SPEAKING = ("builtins", "datetime", "decimal", "fractions", "pathlib")
"""Modules whose classes have a `repr` that tells no more than their value."""
_LONGEST = 300


class _Messages(Repr):
    def repr_instance(self, x: object, level: int) -> str:
        class_ = type(x)
        plain = class_.__module__ in _SPEAKING and not hasattr(x, "__self__")  # a method's repr holds its object's
        return super().repr_instance(x, level) if plain else f"<{class_.__qualname__} object>"

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write out more than 4300 digits.
        return super().repr_int(x, level) if abs(x) < 10**_LONGEST else f"<int of {x.bit_length()} bits>"


def shown(value: object, /) -> str:
    """Return what a message says of `value`: what is plain is told, of any other object its class.

    A model's own `repr` may hold its API key, and messages end in logs.
    """
    messages = _Messages()
    messages.maxstring = messages.maxother = messages.maxlong = _LONGEST
    return messages.repr(value)


def expect(fits: bool, name: str, value: object, wanted: str, /) -> None:
    """Refuse the argument `name` unless it fits.

    Raises:
        ConfigurationError: `value` was met where `wanted` is.
    """
    if not fits:
        raise ConfigurationError(f"{name} got {shown(value)}; give {wanted}")


def expect_function(decorator: str, function: object, /) -> None:
    """Refuse to put what can't be called below the decorator of that name.

    Raises:
        ConfigurationError: `function` can't be called.
    """
    if not callable(function):
        raise ConfigurationError(
            f"{decorator} got {function!r}, which can't be called; put it directly above a function"
        )


def expect_no_class(decorator: str, function: object, /) -> None:
    """Refuse to have a function take the place of a class.

    Raises:
        ConfigurationError: `function` is one, and none that converts as functions do, such as `int`.
    """
    if isinstance(function, type) and function.__module__ != "builtins":
        raise ConfigurationError(
            f"{decorator} got the class {function.__qualname__!r}, and would put a function in its place; "
            "put it above a method, or above a function that makes the object"
        )


def expect_size(name: str, value: int, /) -> int:
    """Return `value` if it is a number of bytes.

    Raises:
        ConfigurationError: it isn't.
    """
    is_size = isinstance(value, int) and not isinstance(value, bool) and value >= 0  # pyright: ignore[reportUnnecessaryIsInstance]
    expect(is_size, name, value, "a whole number of bytes from 0")
    return value


def has_methods(thing: object, /, *names: str) -> bool:
    """Say whether `thing` is an object with these methods, and not the class of one."""
    return not isinstance(thing, type) and all(callable(getattr(thing, name, None)) for name in names)


def is_flag(value: object, /) -> bool:
    """Say whether `value` is True, False or None; 1 and 0 are not."""
    return value is None or isinstance(value, bool)


def every(name: str, values: Any, fits: Callable[[Any], bool], wanted: str, /) -> tuple[Any, ...]:
    """Return `values` as a tuple, empty for None, if each of them fits.

    One word where a sequence of words belongs would fall into letters, so it is refused.

    Raises:
        ConfigurationError: `values` is no sequence, or one of them doesn't fit.
    """
    if values is None:
        return ()
    expect(hasattr(values, "__iter__") and not isinstance(values, str | bytes), name, values, wanted)
    each = tuple(values)
    expect(all(map(fits, each)), name, values, wanted)
    return each


def words(name: str, values: Any, /) -> tuple[str, ...]:
    """Return `values` as a tuple of strings.

    Raises:
        ConfigurationError: it is one string, or holds something else.
    """
    return every(name, values, lambda word: isinstance(word, str), "a sequence of strings, such as ('one', 'two')")


def expect_extra(extra: str, module: str, what: object, /) -> None:
    """Refuse `what` unless `module`, which comes with the extra, is installed; it is not imported.

    Raises:
        ConfigurationError: it isn't.
    """
    from importlib.util import find_spec  # 2 ms, for backends alone

    try:
        is_here = find_spec(module) is not None
    except ModuleNotFoundError:  # nor is a package above it
        is_here = False
    if not is_here:
        raise ConfigurationError(f"{what!r} needs an extra; pip install 'beautyspot[{extra}]'")
