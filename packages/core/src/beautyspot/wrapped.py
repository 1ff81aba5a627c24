"""Functions and what they wrap, as `functools.wraps` says it."""

from __future__ import annotations

from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.keys.maker import KeyMaker


def unwrap(function: Any, /) -> Any:
    """Return the innermost function of a chain of wrappers."""
    return chain(function)[-1]


def chain(function: Any, /) -> list[Any]:
    """Return a function and what it wraps, the innermost last; what wraps one of its own wrappers is the last."""
    layers: list[Any] = [function]
    while is_wrapper(function):
        function = function.__wrapped__
        if any(function is layer for layer in layers):
            break
        layers.append(function)
    return layers


def is_proxy(thing: object, /) -> bool:
    """Say whether its class has a slot for what it wraps, as that of `wrapt.ObjectProxy`.

    All that such an object shows, its `__dict__` and its `__class__` among it, may be that of what it wraps.
    """
    # Not a property: what that returns may be another thing each time, such as the user of this request.
    slot = next((vars(kind)["__wrapped__"] for kind in type(thing).__mro__ if "__wrapped__" in vars(kind)), None)
    is_slot = isinstance(slot, (GetSetDescriptorType, MemberDescriptorType))
    return is_slot and slot.__objclass__ not in (staticmethod, classmethod)


def show_as(wrapper: Any, function: Any, /) -> None:
    """Have `wrapper` look like `function`, but for what that makes up: a client may answer to every name."""
    is_told = isinstance(getattr(function, "__name__", ""), str)
    update_wrapper(wrapper, function, assigned=WRAPPER_ASSIGNMENTS if is_told else ())


def is_wrapper(thing: object, /) -> bool:
    """Say whether it has something wrapped: asked for it, a client that makes up attributes would answer for ever."""
    try:
        return "__wrapped__" in getattr(thing, "__dict__", ()) or hasattr(type(thing), "__wrapped__")
    except Exception:  # noqa: BLE001 - a proxy of what isn't there may raise anything
        return False


def mark_of(layer: Any, /) -> KeyMaker | None:
    """Return what makes the keys of a marked function, None for any other thing."""
    # Not `isinstance`: a proxy of what isn't there raises when it is asked for its class.
    may_be = type(layer) is FunctionType or type(layer).__module__ == "beautyspot.walk.wrapper"
    plan = vars(layer).get("__beautyspot_plan__") if may_be else None
    return None if plan is None else plan.keys


def marks_of(function: Any, /) -> list[KeyMaker]:
    """Return what makes the keys of the marks in a function's chain, the outermost first."""
    return [keys for layer in chain(function) if (keys := mark_of(layer)) is not None]
