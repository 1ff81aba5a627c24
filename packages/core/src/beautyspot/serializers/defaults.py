"""What the fields of a class take that are newer than a kept value: their declared defaults.

A default, its factory and its converter come from the class that the program itself named; the data chooses none.
"""

import sys
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from typing import Any

from beautyspot.errors import DamagedEntryError
from beautyspot.serializers.classes import NAMED_TUPLE, PYDANTIC, Shape

Make = Callable[[Any], Any]
"""Returns a field's default, given what there is so far: the instance, or its fields by name."""
CLASSES = 64
"""Changed classes whose new fields are looked for once; one may be in a list of thousands."""


@lru_cache(maxsize=CLASSES)
def new_fields(shape: Shape, kept: tuple[str, ...], /) -> dict[str, Make]:
    """Return how to fill the fields of `shape` that are not among `kept`, which a value was kept with.

    Raises:
        DamagedEntryError: one of `kept` is no field any more, or a new one has no default.
    """
    makers = {name: _maker(shape, name) for name in shape.fields if name not in kept}
    needed = [name for name, make in makers.items() if make is None]
    gone = [name for name in kept if name not in shape.fields]
    if gone or needed:
        raise _changed(shape, kept, gone, needed)
    return {name: make for name, make in makers.items() if make is not None}


def filled_items(shape: Shape, kept: Any, items: Any, /) -> list[Any]:
    """Return the items of a named tuple in the order of its class, with the defaults of those that are new."""
    found = dict(zip(kept, items, strict=True))
    for name, make in new_fields(shape, tuple(kept)).items():
        found[name] = make(found)
    return [found[name] for name in shape.fields]


def filled_model(
    shape: Shape, kept: Any, state: dict[str, Any], extra: Any, private: Any
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the fields of a pydantic model and its private attributes, with the defaults of those that are new.

    Raises:
        DamagedEntryError: as `new_fields`; or the model had more than its fields, and one of those is a field now.
    """
    new = new_fields(shape, tuple(kept))
    if declared_since := [name for name in new if name in (extra or ())]:
        raise _changed(shape, (*kept, *extra), declared_since, [])  # no validator has seen it
    found = dict(state)
    for name, make in new.items():
        found.setdefault(name, make(found))
    # In the order of the class, as `model_dump` goes by that of the instance.
    ordered = {name: found[name] for name in shape.fields if name in found}
    return {**ordered, **found}, _with_private_defaults(shape.type, private)


def _with_private_defaults(type_: Any, private: dict[str, Any] | None) -> dict[str, Any] | None:
    filled = dict(private or {})
    for name, attribute in type_.__private_attributes__.items():
        default, factory = attribute.default, attribute.default_factory
        if name not in filled and not (factory is None and _is_nothing("pydantic_core", "PydanticUndefined", default)):
            filled[name] = deepcopy(default) if factory is None else factory()
    return filled if type_.__private_attributes__ else private


def _changed(shape: Shape, kept: tuple[str, ...], gone: list[str], needed: list[str]) -> DamagedEntryError:
    steps = [f"take {_named(gone)} back into {shape.name!r}"] if gone else []
    steps += [f"give {_named(needed)} in {shape.name!r} a default"] if needed else []
    return DamagedEntryError(
        f"a {shape.name!r} was kept with the fields {list(kept)!r}; expected {list(shape.fields)!r}, or fewer if the "
        f"others have defaults; {' and '.join(steps)}, or keep the results of both by giving the function a new version"
    )


def _named(names: list[str]) -> str:
    return " and ".join(map(repr, names))


def _maker(shape: Shape, name: str) -> Make | None:
    """Return what makes the default of a field; None where it has none."""
    type_: Any = shape.type
    if shape.code == NAMED_TUPLE:
        defaults = type_._field_defaults
        return (lambda _: defaults[name]) if name in defaults else None
    if shape.code == PYDANTIC:
        return _of_pydantic(type_.model_fields, name)
    return next((make(getattr(type_, place), name) for place, make in MAKERS if hasattr(type_, place)), None)


def _of_pydantic(fields: dict[str, Any], name: str) -> Make | None:
    field = fields[name]
    if field.is_required():
        return None
    if not getattr(field, "default_factory_takes_validated_data", False):
        return lambda _: field.get_default(call_default_factory=True)
    return lambda found: field.get_default(
        call_default_factory=True, validated_data=found if isinstance(found, dict) else vars(found)
    )


def _of_dataclass(fields: dict[str, Any], name: str) -> Make | None:
    default, factory = fields[name].default, fields[name].default_factory
    if not _is_nothing("dataclasses", "MISSING", factory):
        return lambda _: factory()
    return None if _is_nothing("dataclasses", "MISSING", default) else lambda _: default


def _of_attrs(attributes: Any, name: str) -> Make | None:
    attribute = next(each for each in attributes if each.name == name)
    default, convert = attribute.default, attribute.converter
    if _is_nothing("attr", "NOTHING", default):
        return None

    def make(instance: Any) -> Any:
        value = default
        if hasattr(default, "takes_self"):  # attrs.Factory, known by what it has, as attrs is not imported for it
            value = default.factory(instance) if default.takes_self else default.factory()
        if convert is None:
            return value
        return convert(value, instance, attribute) if hasattr(convert, "takes_self") else convert(value)

    return make


def _is_nothing(module: str, name: str, default: Any) -> bool:
    """Say whether it is the mark of a library, loaded since its class is, for having no default."""
    return default is getattr(sys.modules[module], name)


MAKERS: tuple[tuple[str, Callable[[Any, str], Make | None]], ...] = (
    ("__pydantic_fields__", _of_pydantic),  # of its dataclasses, whose other record holds no defaults
    ("__dataclass_fields__", _of_dataclass),
    ("__attrs_attrs__", _of_attrs),
)
"""Where a dataclass or attrs class declares its fields, and what makes their defaults."""
