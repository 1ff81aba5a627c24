"""Settings of a model as they are now, to be compared with those that were looked at before."""

from functools import cache
from typing import Any
from weakref import ref

from beautyspot.keys.lenient import is_of_a_library
from pydantic import BaseModel

from langchain_beautyspot.model_fields import counted

PLAIN = frozenset((str, int, float, bool, type(None)))
DEEPEST = 8
"""Levels of lists and tables within a setting that are looked at."""


def settings_of(model: BaseModel, /) -> dict[str, Any]:
    """Return what a model was given and describes itself by: 2 µs."""
    fields, (filled, untold) = vars(model), _fields(type(model))
    names = (model.model_fields_set | filled) - untold - counted(model)
    return {name: value if type(value := fields.get(name)) in PLAIN else as_it_is(value) for name in names}


def as_it_is(value: Any, depth: int = 0, /) -> Any:
    """Return a copy of what may change in place: a list or table, and those within; of others a reference.

    The reference is weak, so that no client lives on, and none of a later one at the same address is taken for it.
    """
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType] - a model's settings are anything
    if kind in PLAIN or depth > DEEPEST:
        return value
    if kind is dict:
        return {name: as_it_is(each, depth + 1) for name, each in value.items()}
    if kind is list or kind is tuple:
        return [as_it_is(each, depth + 1) for each in value]
    if kind is set:
        return frozenset(value)
    if hasattr(kind, "__pydantic_fields__"):  # an eighth of the time of `isinstance`
        return [kind, as_it_is(vars(value), depth + 1)]
    if hasattr(kind, "__dataclass_fields__"):
        return [kind, [as_it_is(getattr(value, name, None), depth + 1) for name in kind.__dataclass_fields__]]
    if _is_own(kind):
        return [kind, as_it_is(vars(value), max(depth + 1, DEEPEST - 2))]  # a program's objects may all be linked
    try:
        return ref(value)
    except TypeError:
        return value


def are_same(before: dict[str, Any], now: dict[str, Any], /) -> bool:
    """Say whether nothing has changed."""
    try:
        return bool(before == now)
    except Exception:  # noqa: BLE001 - settings may be anybody's, such as arrays; the model is looked at again
        return False


@cache
def _is_own(kind: type[Any]) -> bool:
    """Say whether it is a class of the program's, whose attributes count as settings."""
    return not is_of_a_library(kind) and getattr(kind, "__dictoffset__", 0) != 0


@cache
def _fields(kind: type[BaseModel]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the fields that hold something to change in place although nobody gave it, and those not described."""
    fields = kind.model_fields
    filled = frozenset(
        name for name, field in fields.items() if field.default_factory is not None or type(field.default) not in PLAIN
    )
    return filled, frozenset(name for name, field in fields.items() if field.exclude)
