"""Private attributes of pydantic models: settings make other calls, what a model does for itself makes none."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.canonical import Canonical, Form, NoContentError, pack
from beautyspot.keys.members import functions_behind
from beautyspot.keys.methods import read
from beautyspot.keys.states import MOMENTS, is_moment

MAKING = frozenset(("__init__", "model_post_init"))
"""Methods that fill attributes with what was given."""


class Doings(NamedTuple):
    """What the methods of a model do with its attributes."""

    counted: frozenset[str]
    """Those that they count up or down, or make longer."""
    kept: frozenset[str]
    """Those in which they keep under keys what they made."""
    moments: frozenset[str]
    """Those that hold nothing but moments."""


def private_settings(canonical: Canonical, model: Any, private: Mapping[str, Any], /) -> dict[str, Form]:
    """Return forms of the private attributes that were given: they differ from their defaults, and have content.

    Not those that hold the state of the model's own work: numbers that its methods count, dicts and sets in which they
    keep what they made, and moments. A list counts, as it is a history more often than a log.

    Args:
        canonical: Makes the forms.
        model: Whose attributes they are.
        private: What it holds, by name.
    """
    declared: Mapping[str, Any] = type(model).__private_attributes__
    doings = _doings(type(model))
    found: dict[str, Form] = {}
    for name in sorted(private.keys() - doings.moments):
        value = private[name]
        if _is_state(doings, name, value) or _is_made(declared.get(name), value):
            continue
        form = _packed(canonical, value)
        if form is not None and form != _default(canonical, declared.get(name)):
            found[name] = form
    return found


def _is_state(doings: Doings, name: str, value: Any) -> bool:
    kind = type(value)
    return (name in doings.counted and kind in (int, float)) or (name in doings.kept and issubclass(kind, (dict, set)))


def _is_made(attribute: Any, value: Any) -> bool:
    """Say whether it is the default itself, or what a factory made: an empty collection, or a moment."""
    factory = getattr(attribute, "default_factory", None)
    if factory is None:
        return value is getattr(attribute, "default", None)
    code = getattr(factory, "__code__", None)
    names = {getattr(factory, "__name__", None)} if code is None else {*code.co_names}
    return not MOMENTS.isdisjoint(names) or (isinstance(value, Collection) and not value)


def _default(canonical: Canonical, attribute: Any) -> bytes | None:
    default = getattr(attribute, "default", None)
    return None if type(default).__name__ == "PydanticUndefinedType" else _packed(canonical, default)


def _packed(canonical: Canonical, value: Any) -> bytes | None:
    try:
        return pack(canonical.form(value))
    except (NoContentError, RecursionError, ValueError):  # a lock, a client, a model that leads back to this one
        return None


@lru_cache(1024)
def _doings(kind: type[Any]) -> Doings:
    methods = [*_methods(kind)]
    working = [read(method) for method in methods if method.__name__ not in MAKING]
    stored = [pair for method in methods for pair in read(method).stored]
    given = {name for name, value in stored if value is None or not is_moment(value)}
    return Doings(
        frozenset[str]().union(*(each.counted for each in working)),
        frozenset[str]().union(*(each.kept for each in working)),
        frozenset(name for name, _ in stored if name not in given),
    )


def _methods(kind: type[Any]) -> Iterator[FunctionType]:
    for parent in kind.__mro__:
        if parent.__module__.partition(".")[0] not in ("builtins", "pydantic"):
            for member in vars(parent).values():
                yield from functions_behind(member)
