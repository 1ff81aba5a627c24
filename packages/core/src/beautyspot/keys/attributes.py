"""What an object holds: its own dict, and the slots of its classes."""

from __future__ import annotations

from beautyspot.keys.canonical import NoContentError

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
    found: list[Form] = []
    for name in sorted(held, key=str):
        try:
            found.append([canonical.form(name), canonical.form(held[name])])
        except (NoContentError, RecursionError):
            continue
    return found


def slots_of(classes: Iterable[type], /) -> list[str]:
    """Return the slots that classes define, by the names under which an instance has them."""
    return sorted({slot for cls in classes for slot in _slots(cls)})


def _slots(cls: type) -> tuple[str, ...]:
    slots: Any = vars(cls).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    hidden = cls.__name__.lstrip("_")
    mangled = (f"_{hidden}{name}" if name.startswith("__") and not name.endswith("__") else name for name in names)
    return tuple(name for name in mangled if name not in ("__dict__", "__weakref__"))
