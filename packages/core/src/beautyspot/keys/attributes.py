"""What an object holds: its own dict, and the slots of its classes."""

from __future__ import annotations

from beautyspot.keys.partly import is_hole, partly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from beautyspot.keys.canonical import Canonical, Form


def attributes(value: Any, slots: Iterable[str], /) -> dict[str, Any]:
    """Return an object's attributes by name; `slots` are those of its classes."""
    return {**getattr(value, "__dict__", {}), **{slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}}


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
