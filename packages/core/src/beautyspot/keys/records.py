"""Forms of values whose class names their fields: dataclasses, named tuples, enums, attrs and pydantic models."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
import sys
from collections.abc import Callable, Iterable
from enum import Enum, Flag
from typing import Any

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.callables import class_name, lenient
from beautyspot.keys.canonical import CORE, PLAIN, Canonical, Form, Maker, Missing, NoContentError, tag
from beautyspot.keys.partly import is_hole, partly
from beautyspot.names import qualified_name

_ENUM, _FLAG, _FIELDS, _MODEL = map(tag, ("enum", "flag", "fields", "model"))
_FIELD, _SECRET, _URL = map(tag, ("field", "secret", "url"))
_MISSING = Missing()
_MEMBER = frozenset(("_name_", "_value_", "_sort_order_", "__objclass__"))
"""What every member of an enum holds."""


def maker_for(kind: type, value: Maker | None, /) -> Maker | None:
    """Return the maker for a class with fields, None for any other.

    Args:
        kind: The class.
        value: Makes the forms of what its instances are beside, as those of a dataclass on top of `Decimal` are.
    """
    if issubclass(kind, Enum):
        return _flag if issubclass(kind, Flag) else _enum
    if hasattr(kind, "__dataclass_fields__"):
        return _fields(kind, _dataclass_names(kind), value)
    if hasattr(kind, "__attrs_attrs__"):
        attributes: Any = kind.__attrs_attrs__
        return _fields(kind, [attribute.name for attribute in attributes], value)
    if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return _fields(kind, kind._fields, None if value is CORE[tuple] else value)  # type: ignore[attr-defined]
    return _pydantic(kind)


def _enum(canonical: Canonical, value: Enum) -> Form:
    content, held = _value_of(canonical, value), vars(value)
    more = _beside(_entered(canonical, value), value, held, _MEMBER) if len(held) > len(_MEMBER) else []
    return [_ENUM, class_name(canonical, type(value)), value._name_, *content, *more]


def _value_of(canonical: Canonical, member: Enum) -> list[Form]:
    if type(member._value_) in PLAIN:
        return [member._value_]
    form = partly(canonical).form(member._value_)
    return [] if is_hole(form) else [form]  # such as an `object()`, which is there to have none


def _flag(canonical: Canonical, value: Flag) -> Form:
    # Which bits a name stands for may be edited; a flag of several has no name in Python 3.11 and a joined one later.
    names: Form = [member._name_ for member in Flag.__iter__(value)]
    return [_FLAG, class_name(canonical, type(value)), canonical.form(value._value_), names]


def _dataclass_names(kind: type) -> list[str]:
    import dataclasses  # whoever made a dataclass has loaded it

    return [field.name for field in dataclasses.fields(kind)]


def _fields(kind: type, names: Iterable[str], base: Maker | None) -> Maker:
    name, fields = None if "<locals>" in kind.__qualname__ else qualified_name(kind), tuple(names)
    known = frozenset(fields) | _cached(kind)
    slots = [slot for slot in _slots(kind) if slot not in known]

    def form(canonical: Canonical, value: Any) -> Form:
        items = [getattr(value, field, _MISSING) for field in fields]
        held = attributes(value, slots) if slots else getattr(value, "__dict__", {})  # a third of a short form
        has_more = not known.issuperset(held)
        if has_more or not PLAIN.issuperset(map(type, items)):
            # So that what leads back to this one, as a child to its parent, ends here.
            canonical = _entered(canonical, value)
            items = canonical.each(items)
        pairs: Form = dict(zip(fields, items, strict=True))
        more = _beside(canonical, value, held, known) if has_more else []
        who = name or class_name(canonical, type(value))
        return [_FIELDS, who, pairs, *([base(canonical, value)] if base else []), *more]

    return form


def _slots(kind: type) -> list[str]:
    # A class of attrs keeps what its cached properties gave in slots of their names.
    return slots_of(cls for cls in kind.__mro__ if "__attrs_attrs__" not in vars(cls))


def _cached(kind: type) -> frozenset[str]:
    """Return the cached properties of a class, be they Python's or a library's: an instance holds their values."""
    members = ((name, member) for cls in kind.__mro__ for name, member in vars(cls).items())
    return frozenset(name for name, member in members if type(member).__name__ == "cached_property")


def _beside(canonical: Canonical, value: Any, held: dict[str, Any], known: frozenset[str]) -> list[Form]:
    """Return the form of what lies in a record beside its fields; it counts as a model's private attributes do."""
    given = {name: item for name, item in held.items() if name not in known and not _is_pythons(name)}
    if not given:
        return []
    from beautyspot.keys.privates import private_settings  # as in `_private_model`

    settings = private_settings(canonical, value, given)
    return [settings] if settings else []


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _entered(canonical: Canonical, value: Any) -> Canonical:
    """Return what makes the forms within a record, where it is not one already."""
    if canonical.active and any(each is value for each in canonical.active):
        raise NoContentError(type(value), "holds itself")
    return canonical.within(value)


def _pydantic(kind: type) -> Maker | None:
    for module, attribute, make in _PYDANTIC:
        base: Any = getattr(sys.modules.get(module), attribute, None)
        if isinstance(base, type) and issubclass(kind, base):
            return make
    return None


def _model(canonical: Canonical, value: Any) -> Form:
    private = getattr(value, "__pydantic_private__", None)
    return _private_model(canonical, value, private) if private else _model_form(canonical, value)


def _private_model(canonical: Canonical, value: Any, private: dict[str, Any]) -> Form:
    from beautyspot.keys.privates import private_settings  # `ast` and `inspect` are 20 ms, and few models have them

    inside = _entered(canonical, value)
    form, settings = _model_form(inside, value), private_settings(inside, value, private)
    return [*form, settings] if settings else form


def _model_form(canonical: Canonical, value: Any) -> list[Form]:
    extra = getattr(value, "__pydantic_extra__", None) or {}
    # By field and attribute: the instance's dict also holds cached properties and SQLAlchemy's own, and is empty for
    # a row that a commit expired.
    fields = {name: getattr(value, name) for name in type(value).model_fields if hasattr(value, name)}
    said = canonical.form(fields) if PLAIN.issuperset(map(type, fields.values())) else canonical.each([fields])[0]
    return [_MODEL, class_name(canonical, type(value)), said, canonical.form(extra)]


def _model_v1(canonical: Canonical, value: Any) -> Form:
    return [_MODEL, class_name(canonical, type(value)), canonical.form(dict(value.__dict__)), {}]


def _secret(canonical: Canonical, value: Any) -> Form:
    return [_SECRET, qualified_name(type(value)), canonical.form(value.get_secret_value())]


def _field(canonical: Canonical, value: Any) -> Form:
    """Return what `pydantic.Field(…)` says: the default of a parameter below `validate_call`."""
    said = {
        name: canonical.form(item) if name == "default" else lenient(canonical, item)
        for name, item in value.__repr_args__()
    }
    return [_FIELD, {name: said[name] for name in sorted(said)}]


def _url(_: Canonical, value: Any) -> Form:
    return [_URL, qualified_name(type(value)), str(value)]


_PYDANTIC: tuple[tuple[str, str, Callable[[Canonical, Any], Form]], ...] = (
    ("pydantic.main", "BaseModel", _model),
    ("pydantic.v1.main", "BaseModel", _model_v1),
    ("pydantic.fields", "FieldInfo", _field),
    ("pydantic.types", "Secret", _secret),
    ("pydantic.types", "_SecretBase", _secret),
    ("pydantic.networks", "_BaseUrl", _url),
    ("pydantic.networks", "_BaseMultiHostUrl", _url),
)
"""Loaded module, class, maker; the first that fits."""
