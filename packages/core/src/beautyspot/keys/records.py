"""Forms of values whose class names their fields: dataclasses, named tuples, enums, attrs and pydantic models."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
import sys
from collections.abc import Callable, Iterable
from enum import Enum, Flag
from typing import Any

from beautyspot.keys.callables import lenient
from beautyspot.keys.canonical import CORE, Canonical, Form, Maker, NoContentError, tag
from beautyspot.names import qualified_name

_ENUM, _FLAG, _FIELDS, _MODEL = map(tag, ("enum", "flag", "fields", "model"))
_FIELD, _SECRET, _URL = map(tag, ("field", "secret", "url"))
_MISSING = [tag("missing")]


def maker_for(kind: type, /) -> Maker | None:
    """Return the maker for a class with fields, None for any other."""
    if issubclass(kind, Enum):
        return _flag if issubclass(kind, Flag) else _enum
    if hasattr(kind, "__dataclass_fields__"):
        return _fields(kind, _dataclass_names(kind))
    if hasattr(kind, "__attrs_attrs__"):
        attributes: Any = kind.__attrs_attrs__
        return _fields(kind, [attribute.name for attribute in attributes])
    if issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple):
        return _fields(kind, kind._fields)  # type: ignore[attr-defined]
    return _pydantic(kind)


def _enum(_: Canonical, value: Enum) -> Form:
    return [_ENUM, qualified_name(type(value)), value.name]


def _flag(canonical: Canonical, value: Flag) -> Form:
    # A flag of several bits has no name in Python 3.11 and a joined one later.
    return [_FLAG, qualified_name(type(value)), canonical.form(value.value)]


def _dataclass_names(kind: type) -> list[str]:
    import dataclasses  # whoever made a dataclass has loaded it

    return [field.name for field in dataclasses.fields(kind)]


def _fields(kind: type, names: Iterable[str]) -> Maker:
    name, fields = qualified_name(kind), tuple(names)
    # A record that is also a dict or list holds more than its fields.
    base = next((CORE[cls] for cls in kind.__mro__ if cls in CORE and cls is not tuple), None)

    def form(canonical: Canonical, value: Any) -> Form:
        content = [canonical.form(getattr(value, field)) if hasattr(value, field) else _MISSING for field in fields]
        pairs: Form = dict(zip(fields, content, strict=True))
        return [_FIELDS, name, pairs, *([base(canonical, value)] if base else [])]

    return form


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

    if any(each is value for each in canonical.active):
        raise NoContentError(type(value), "holds itself")
    inside = canonical.within(value)
    form, settings = _model_form(inside, value), private_settings(inside, value, private)
    return [*form, settings] if settings else form


def _model_form(canonical: Canonical, value: Any) -> list[Form]:
    extra = getattr(value, "__pydantic_extra__", None) or {}
    # By field and attribute: the instance's dict also holds cached properties and SQLAlchemy's own, and is empty for
    # a row that a commit expired.
    fields = {name: getattr(value, name) for name in type(value).model_fields if hasattr(value, name)}
    return [_MODEL, qualified_name(type(value)), canonical.form(fields), canonical.form(extra)]


def _model_v1(canonical: Canonical, value: Any) -> Form:
    return [_MODEL, qualified_name(type(value)), canonical.form(dict(value.__dict__)), {}]


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
