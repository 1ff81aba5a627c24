"""Private attributes of pydantic models: they count as they do for `==`, but for the traces of a model's own work."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import ast
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple
from uuid import UUID

from beautyspot.keys.canonical import Canonical, Form, pack
from beautyspot.keys.counted import COLLECTIONS, counts_of
from beautyspot.keys.members import functions_behind
from beautyspot.keys.methods import reached, read
from beautyspot.keys.partly import is_hole, partly
from beautyspot.keys.states import MOMENTS, is_moment
from beautyspot.names import qualified_name
from beautyspot.wrapped import chain

RANDOM_VERSIONS = (1, 4)
"""Of UUIDs: the others are made of a name, which comes again."""

MAKING = frozenset(("__init__", "__new__", "__post_init__", "model_post_init"))
"""Methods that fill attributes with what they begin with."""

MARKED = "beautyspot.walk.wrapper.MarkedMethod"

MOST_LEVELS = 8
"""How far models that lead to one another are followed by their private attributes; a grid of 20 by 20 is 20 ms."""


class Walk(set[int]):
    """The `id`s of the models that were met in the private attributes of one: each is looked at there once.

    It is among what is active, once for each level.
    """


class Traces(NamedTuple):
    """Attributes of a model in which its methods may leave traces of their work, and nothing that they were given."""

    counts: frozenset[str]
    moments: frozenset[str]


def private_settings(canonical: Canonical, model: Any, private: Mapping[str, Any], /) -> dict[str, Form]:
    """Return forms of the private attributes that have content and are not their default.

    Not those that hold a trace: a number that began at 0 and that methods do nothing but count, the mark of a moment,
    where nothing but a factory or a method that makes such puts something there, and a dict or set that was empty when
    it was first looked at and that none but marked methods, and those that they call, make longer.

    Args:
        canonical: Makes the forms.
        model: Whose attributes they are.
        private: What it holds, by name.
    """
    walks = [each for each in canonical.active if type(each) is Walk]
    walk = walks[0] if walks else Walk()
    if len(walks) == MOST_LEVELS or id(model) in walk:
        return {}
    walk.add(id(model))
    canonical = canonical.within(walk)
    declared = _declared(type(model))
    found: dict[str, Form] = {}
    for name in sorted(private.keys() - _kept_by(model, private)):
        value, attribute = private[name], declared.get(name)
        if _is_active(canonical, value) or _is_default(attribute, value) or _is_trace(type(model), name, value):
            continue
        form = _packed(canonical, value)
        if form is not None and form != _default(canonical, attribute):
            found[name] = form
    return found


def _declared(kind: type[Any]) -> Mapping[str, Any]:
    return getattr(kind, "__private_attributes__", {})  # a dataclass declares none


def _is_active(canonical: Canonical, value: Any) -> bool:
    """Say whether the form of the very value is being made, as a parent's is around its child's."""
    return any(each is value for each in canonical.active)


def _is_default(attribute: Any, value: Any) -> bool:
    """Say whether it is the default itself, or an empty collection in the place of what a factory made."""
    # Factories are not asked what they would make: one may open a connection or draw a number.
    if getattr(attribute, "default_factory", None) is None:
        return value is getattr(attribute, "default", None)
    return type(value) in COLLECTIONS and not value


def _default(canonical: Canonical, attribute: Any) -> bytes | None:
    default = getattr(attribute, "default", None)
    return None if type(default).__name__ == "PydanticUndefinedType" else _packed(canonical, default)


def _packed(canonical: Canonical, value: Any) -> bytes | None:
    form = partly(canonical).form(value)
    return None if is_hole(form) else pack(form)  # a lock, a client, a model that leads back to this one


def _is_trace(kind: type[Any], name: str, value: Any) -> bool:
    if type(value) in (int, float) and name in _traces(kind).counts:
        return True
    return _is_mark(value) and name in _traces(kind).moments


def _kept_by(model: Any, private: Mapping[str, Any]) -> set[str]:
    """Return the attributes in which marked methods keep what they made; not a list, which is a history more often."""
    entries = _marked(type(model))
    if not entries:
        return set()
    kept = counts_of(model, private, entries) - _changed_by_others(type(model), entries)
    return {name for name in kept if isinstance(private.get(name), (dict, set))}


@lru_cache(1024)
def _marked(kind: type[Any]) -> tuple[str, ...]:
    members = ((name, member) for parent in kind.__mro__ for name, member in vars(parent).items())
    is_marked = {name for name, member in members for layer in chain(member) if qualified_name(type(layer)) == MARKED}
    return tuple(sorted(is_marked))


@lru_cache(1024)
def _changed_by_others(kind: type[Any], entries: tuple[str, ...]) -> frozenset[str]:
    methods = [*_methods(kind)]
    own = reached(lambda name: [method for method in methods if method.__name__ == name], entries).keys() | MAKING
    others = [read(method) for method in methods if method.__name__ not in own]
    return frozenset(name for does in others for name in {*does.counted, *(stored for stored, _ in does.stored)})


def _is_mark(value: Any) -> bool:
    """Say whether it looks like the mark of a moment: it is finer than what anyone would write down."""
    if isinstance(value, datetime):
        return value.microsecond != 0
    if type(value) is float:
        return value != round(value, 3)
    if type(value) is str:
        try:
            value = UUID(value)
        except ValueError:
            return False
    return isinstance(value, UUID) and value.version in RANDOM_VERSIONS


@lru_cache(1024)
def _traces(kind: type[Any]) -> Traces:
    counted, moments, others = set[str](), set[str](), set[str]()
    for method in _methods(kind):
        does = read(method)
        counted |= does.counted
        for name, value in does.stored:
            if value is not None and is_moment(value):
                moments.add(name)
            elif not _is_count(value, name) or (value is None and name not in does.counted):
                others.add(name)
    declared = _declared(kind)
    nothing = {name for name, attribute in declared.items() if _is_zero(getattr(attribute, "default", None))}
    moments |= {name for name, attribute in declared.items() if _makes_moments(attribute)}
    return Traces(frozenset(counted & nothing - moments - others), frozenset(moments - counted - others))


def _is_count(value: ast.expr | None, name: str) -> bool:
    """Say whether what a method assigns is 0, or more or less than there was; that of `+=` is not seen."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub):
        return isinstance(value.left, ast.Attribute) and value.left.attr == name
    return value is None or (isinstance(value, ast.Constant) and value.value == 0)


def _is_zero(default: Any) -> bool:
    return type(default) in (int, float) and default == 0


def _makes_moments(attribute: Any) -> bool:
    factory = getattr(attribute, "default_factory", None)
    called = getattr(getattr(factory, "__code__", None), "co_names", ())
    return not MOMENTS.isdisjoint((getattr(factory, "__name__", None), *called))


def _methods(kind: type[Any]) -> Iterator[FunctionType]:
    for parent in kind.__mro__:
        if parent.__module__.partition(".")[0] not in ("builtins", "pydantic"):
            for member in vars(parent).values():
                yield from functions_behind(member)
