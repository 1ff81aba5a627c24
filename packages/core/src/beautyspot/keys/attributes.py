"""What an object holds: its own dict, and the slots of its classes."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownVariableType=false
from contextlib import suppress
from types import GetSetDescriptorType, MemberDescriptorType

from beautyspot.keys.partly import is_hole, partly
from beautyspot.wrapped import is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from beautyspot.keys.canonical import Canonical, Form


def attributes(value: Any, slots: Iterable[str], /) -> dict[str, Any]:
    """Return an object's attributes by name; `slots` are those of its classes."""
    own = held_by(value) if is_proxy(value) else getattr(value, "__dict__", {})
    return {**own, **{slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}}


def held_by(proxy: Any, /) -> dict[str, Any]:
    """Return the attributes of a proxy itself, and what it wraps; those that it shows are of what it wraps."""
    kind: type[Any] = type(proxy)
    state: Any = object.__getstate__(proxy)
    own: dict[str, Any] | None = state[0] if isinstance(state, tuple) else state
    held = {**(own or {}), "__wrapped__": proxy.__wrapped__}
    for name in _members_of_c(kind):
        with suppress(AttributeError):
            value = object.__getattribute__(proxy, name)
            if value is not None:  # another release of a library has more of them, or less
                held[name] = value
    return held


def contents(canonical: Canonical, held: Mapping[Any, Any], /) -> list[Form]:
    """Return the names and forms of what has content: a lock among settings is no reason to refuse them."""
    form = partly(canonical).form
    pairs = ((form(name), form(held[name])) for name in sorted(held, key=str))
    return [[name, item] for name, item in pairs if not (is_hole(name) or is_hole(item))]


def slots_of(classes: Iterable[type], /) -> list[str]:
    """Return the slots that classes define, by the names under which an instance has them."""
    return sorted({slot for cls in classes for slot in _slots(cls)})


def _slots(cls: type) -> tuple[str, ...]:
    slots: Any = vars(cls).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    hidden = cls.__name__.lstrip("_")
    mangled = (f"_{hidden}{name}" if name.startswith("__") and not name.endswith("__") else name for name in names)
    return tuple(name for name in mangled if name not in ("__dict__", "__weakref__"))


def _members_of_c(kind: type) -> list[str]:
    members = [(name, member) for base in kind.__mro__ for name, member in vars(base).items()]
    slots = (GetSetDescriptorType, MemberDescriptorType)
    # How it binds, `_self_binding`, follows from what it wraps.
    told = [name for name, member in members if isinstance(member, slots) and name != "_self_binding"]
    return [name for name in told if not name.startswith("__")]
