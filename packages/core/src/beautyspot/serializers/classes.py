"""Classes kept field by field under their name: dataclasses, attrs classes, enums, named tuples, pydantic models.

The name only selects from the table of known classes. An instance comes back without its constructor or any
other method having run. Fields that are new take their defaults; a class that lost one is refused, not guessed at.
"""

import sys
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from beautyspot.names import qualified_name
from beautyspot.serializers.refusals import Refusal

if TYPE_CHECKING:
    from beautyspot.serializers.decoder import Decoder

FIELDS, ENUM, NAMED_TUPLE, PYDANTIC = 1, 2, 3, 4
HEAP_TYPE = 1 << 9
"""Py_TPFLAGS_HEAPTYPE: the class was made by a class statement, not by C."""
NOT_KEPT = ("__orig_class__",)
"""Set by calling `Box[int](…)`; the alias is no data."""
HASHES = ("_attrs_cached_hash",)
"""Another process hashes text to another number."""
_MAKE: Any = object.__new__
_MAKE_TUPLE: Any = getattr(tuple, "__new__")  # noqa: B009 - so that the checker doesn't ask for the items' type
PYDANTIC_STATE = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


class Shape(NamedTuple):
    """How instances of one class are kept."""

    type: type
    name: str
    """`module.qualname`, by which the data refers to it."""
    code: int
    """Which codec of the four in this module."""
    fields: tuple[str, ...]
    """The declared fields."""
    slots: tuple[str, ...]
    """Attributes that lie outside `__dict__`."""
    dropped: frozenset[str]
    """Attributes that are computed again instead of kept."""


def shape_of(type_: type) -> Shape | None:
    """Return how to keep instances of `type_`, or None if nothing says what its fields are."""
    code, fields = _kind(type_)
    if code is None:
        return None
    dropped = {name for base in type_.__mro__ for name, item in vars(base).items() if isinstance(item, cached_property)}
    return Shape(type_, qualified_name(type_), code, fields, tuple(_slots(type_)), frozenset(dropped.union(NOT_KEPT)))


def shapes_within(type_: type) -> dict[str, Shape]:
    """Return the shapes by name of `type_` and of the classes that its fields' annotations name."""
    from beautyspot.serializers.annotations import shapes_in  # imports this module

    return shapes_in(type_)


def encode(shape: Shape, value: Any) -> list[Any]:
    """Return the parts of `value`, whose class is exactly `shape.type`."""
    if shape.code == ENUM:
        return _encode_enum(shape, value)
    if shape.code == NAMED_TUPLE:
        return [shape.name, list(shape.fields), list(value), _state(shape, value)]
    if shape.code == PYDANTIC:
        state = _kept(shape, value.__dict__)
        return [shape.name, list(shape.fields), state, *(getattr(value, name) for name in PYDANTIC_STATE)]
    return [shape.name, list(shape.fields), _state(shape, value)]


def decode_fields(parts: list[Any], decoder: "Decoder") -> Any:
    """Fill an instance of a dataclass or attrs class."""
    name, fields, state = parts
    shape = decoder.shape_named(name, FIELDS)
    if shape is None:
        return {"class": name, **state}
    value = _blank(shape)
    if tuple(fields) == shape.fields:
        _restore(shape, value, state)
        return value
    from beautyspot.serializers.defaults import new_fields  # only for a class that changed

    new = {attribute: make for attribute, make in new_fields(shape, tuple(fields)).items() if attribute not in state}
    _restore(shape, value, state)
    for attribute, make in new.items():
        object.__setattr__(value, attribute, make(value))
    return value


def decode_enum(parts: list[Any], decoder: "Decoder") -> Any:
    """Find a member by its name, or a combination of flags by its number."""
    name, member, number = parts
    shape = decoder.shape_named(name, ENUM)
    if shape is None:
        return {"class": name, "name": member, "value": number}
    enum: Any = shape.type
    if member is not None:
        return enum.__members__[member]
    if type(number) is not int:
        raise TypeError(f"not a combination of flags: {number!r}")
    return enum(number)


def decode_named_tuple(parts: list[Any], decoder: "Decoder") -> Any:
    """Fill a named tuple."""
    name, fields, items, state = parts
    shape = decoder.shape_named(name, NAMED_TUPLE)
    if shape is None:
        return {"class": name, **dict(zip(fields, items, strict=True))}
    if tuple(fields) != shape.fields:
        from beautyspot.serializers.defaults import filled_items  # as above

        items = filled_items(shape, fields, items)
    if len(items) != len(shape.fields):
        raise ValueError(f"{name!r} was kept with {len(items)} items; expected {len(shape.fields)}")
    value = _MAKE_TUPLE(shape.type, items)
    _restore(shape, value, state)
    return value


def decode_pydantic(parts: list[Any], decoder: "Decoder") -> Any:
    """Fill a pydantic model without running a validator."""
    name, fields, state, *rest = parts
    shape = decoder.shape_named(name, PYDANTIC)
    if shape is None:
        return {"class": name, **state}
    fields_set, extra, private = rest
    model: Any = shape.type
    declared = model.__private_attributes__
    if tuple(fields) != shape.fields or (declared and declared.keys() - (private or ())):
        from beautyspot.serializers.defaults import filled_model  # as above

        state, private = filled_model(shape, fields, state, extra, private)
    value = _blank(shape)
    for attribute, item in zip(("__dict__", *PYDANTIC_STATE), (state, fields_set, extra, private), strict=True):
        # A root model's class has None there, and no slot: set, it would be one more attribute than the result had.
        if item is not None or not model.__pydantic_root_model__:
            object.__setattr__(value, attribute, item)
    return value


def _blank(shape: Shape) -> Any:
    return _MAKE(shape.type)  # not by the class's own method, which may do anything


def _kind(type_: type) -> tuple[int | None, tuple[str, ...]]:
    """Return the codec's code and the declared fields; nothing is imported, since such a class's library is."""
    namespace: Any = type_
    enum: Any = sys.modules.get("enum")
    if enum is not None and issubclass(type_, enum.Enum):
        return (ENUM, ()) if namespace.__members__ else (None, ())
    native = [base for base in type_.__mro__ if base is not object and not base.__flags__ & HEAP_TYPE]
    fields: Any = getattr(type_, "_fields", None)
    if native == [tuple] and isinstance(fields, tuple):
        return NAMED_TUPLE, tuple(map(str, fields))  # type: ignore[reportUnknownArgumentType]
    if native:
        return None, ()  # object.__new__ makes no dict, exception or tensor, and their content is not in fields
    pydantic: Any = sys.modules.get("pydantic")
    if pydantic is not None and issubclass(type_, pydantic.BaseModel):
        return PYDANTIC, tuple(namespace.model_fields)
    if hasattr(type_, "__dataclass_fields__"):
        # The record also lists ClassVar and InitVar, which `dataclasses.fields` leaves out.
        from dataclasses import fields as declared  # loaded, since there is a dataclass

        return FIELDS, tuple(field.name for field in declared(namespace))
    if "__attrs_attrs__" in vars(type_):
        return FIELDS, tuple(attribute.name for attribute in namespace.__attrs_attrs__)
    return None, ()


def _slots(type_: type) -> Iterator[str]:
    for base in type_.__mro__:
        slots: Any = vars(base).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            if name in ("__dict__", "__weakref__"):
                continue
            hidden = name.startswith("__") and not name.endswith("__")
            yield f"_{base.__name__.lstrip('_')}{name}" if hidden else name


def _encode_enum(shape: Shape, member: Any) -> list[Any]:
    enum: Any = shape.type
    if enum.__members__.get(member.name) is member:
        return [shape.name, member.name, None]
    if type(member.value) is not int:
        raise Refusal(member, "it is no member of its class; expected one that has a name; return its value")
    return [shape.name, None, member.value]


def _state(shape: Shape, value: Any) -> dict[str, Any]:
    """Return all attributes that are set: a `__post_init__` may have added to the fields."""
    state = _kept(shape, getattr(value, "__dict__", {}))
    for name in shape.slots:
        if hasattr(value, name):
            state[name] = getattr(value, name)
    for name in HASHES:
        if name in state:
            state[name] = None
    return state


def _kept(shape: Shape, attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in attributes.items() if name not in shape.dropped}


def _restore(shape: Shape, value: Any, state: dict[str, Any]) -> None:
    for name in shape.slots:
        if name in state:
            object.__setattr__(value, name, state.pop(name))  # a frozen class's own would refuse
    if state:
        value.__dict__.update(state)
