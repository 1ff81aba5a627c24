"""Forms of what classes declare: fields with their types and defaults, members, schemas."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import sys
from collections.abc import Mapping
from typing import Any

from beautyspot.keys.callables import lenient
from beautyspot.keys.canonical import Canonical, Form, tag
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.names import qualified_name

_SPECIAL, _ALIAS, _FORWARD = map(tag, ("special", "alias", "forward"))
_OF_DATACLASS, _OF_ATTRS = ("default", "default_factory"), ("default", "validator", "converter")


def declared(canonical: Canonical, cls: Any, /) -> Form:
    """Return the fields, members or schema of a class; None where it declares none."""
    if callable(getattr(cls, "model_json_schema", None)):
        return _schema(canonical, cls)
    if hasattr(cls, "__dataclass_fields__"):
        return [_field(canonical, each, _OF_DATACLASS) for each in cls.__dataclass_fields__.values()]
    if hasattr(cls, "__attrs_attrs__"):
        return [_field(canonical, each, _OF_ATTRS) for each in cls.__attrs_attrs__]
    if hasattr(cls, "__members__"):
        return [[name, lenient(canonical, member.value)] for name, member in cls.__members__.items()]
    if hasattr(cls, "__required_keys__"):  # a TypedDict
        return [annotations(canonical, cls.__annotations__), sorted(cls.__required_keys__)]
    if issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple):
        shown, defaults = getattr(cls, "__annotations__", {}), getattr(cls, "_field_defaults", {})
        return [list(cls._fields), annotations(canonical, shown), lenient(canonical, defaults)]  # type: ignore[attr-defined]
    return None


def annotations(canonical: Canonical, shown: Mapping[str, Any], /) -> Form:
    """Return the forms of annotations by name."""
    return {name: annotation_form(canonical, shown[name]) for name in sorted(shown)}


def annotation_form(canonical: Canonical, annotation: Any, /) -> Form:
    """Return the form of an annotation, classes in it by name alone where that tells them.

    Their fields may lead back to the class that is annotated, and by many ways to one another.
    """
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        by_name = is_told_by_name(annotation)
        return [_SPECIAL, qualified_name(annotation)] if by_name else canonical.form(annotation)
    if hasattr(annotation, "__forward_arg__"):
        return [_FORWARD, annotation.__forward_arg__]
    if isinstance(annotation, list):  # the parameters of a Callable
        return [annotation_form(canonical, each) for each in annotation]
    parts: tuple[Any, ...] = getattr(annotation, "__args__", ())
    if not parts:
        return lenient(canonical, annotation)
    origin = getattr(annotation, "__origin__", None) or type(annotation)
    said = [annotation_form(canonical, each) for each in (origin, *parts)]
    return [_ALIAS, *said, *(lenient(canonical, each) for each in getattr(annotation, "__metadata__", ()))]


def is_told_by_name(cls: Any, /) -> bool:
    """Say whether a class is what its name leads to; what `type` makes may be another of the same name each time."""
    if "<locals>" in cls.__qualname__:
        return False
    found: Any = sys.modules.get(cls.__module__)
    if found is None or is_of_a_library(cls):
        return True
    for name in cls.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found is cls


def _field(canonical: Canonical, field: Any, said: tuple[str, ...]) -> Form:
    more = [lenient(canonical, getattr(field, name)) for name in said]
    return [field.name, annotation_form(canonical, field.type), *more]


def _schema(canonical: Canonical, cls: Any) -> Form:
    shown = {name: field.annotation for name, field in cls.model_fields.items()}
    try:
        schema = canonical.form(cls.model_json_schema())
    except Exception:  # noqa: BLE001 - pydantic has no schema for arbitrary types; the fields' annotations say as much
        schema = None
    return [schema, annotations(canonical, shown)]
