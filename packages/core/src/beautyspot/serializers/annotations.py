"""The classes that a return annotation names, wherever in it: list[M], dict[str, M] | None, Annotated, fields of M."""

import sys
import types
import typing
from collections.abc import Iterator
from functools import partial
from typing import Any

from beautyspot.serializers.classes import Shape, shape_of
from beautyspot.serializers.refusals import type_of
from beautyspot.wrapped import unwrap


def annotated_shapes(function: Any) -> tuple[dict[str, Shape], str | None]:
    """Return the shapes by name, and what could not be read of the annotation, if anything."""
    function = _written(function)
    if not isinstance(getattr(function, "__code__", None), types.CodeType):
        function = getattr(type_of(function), "__call__", function)  # noqa: B004 - its annotations are wanted
    try:
        annotation = getattr(function, "__annotations__", {}).get("return")
        holder = types.SimpleNamespace(__annotations__={"return": annotation})
        hints = typing.get_type_hints(holder, *_namespaces(function), include_extras=True)
    # An annotation is the user's code: it may name what only a type checker sees, or raise anything.
    except Exception as error:  # noqa: BLE001
        return {}, f"{type(error).__name__}: {error}"[:200]
    return shapes_in(hints.get("return")), None


def _written(function: Any) -> Any:
    """Return the function behind wrappers, partial functions and a bound method."""
    layers: list[Any] = []
    while not any(function is layer for layer in layers):
        layers.append(function)
        function = unwrap(function)
        if isinstance(function, partial) or "func" in getattr(function, "__dict__", ()):
            function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of any result
    return function.__func__ if hasattr(type_of(function), "__func__") else function


def shapes_in(annotation: Any) -> dict[str, Shape]:
    """Return the shapes by name of the classes that `annotation` names, itself included."""
    shapes: dict[str, Shape] = {}
    seen: list[Any] = []  # a list, since an annotation need not be hashable
    waiting = [annotation]
    while waiting:
        part = waiting.pop()
        if any(part is other for other in seen):
            continue
        seen.append(part)
        waiting.extend(_parts(part))
        if isinstance(part, type) and not isinstance(part, types.GenericAlias):
            shape = shape_of(part)
            if shape is not None:
                shapes.setdefault(shape.name, shape)
                waiting.extend(_field_types(part))
            elif typing.is_typeddict(part):
                waiting.extend(_field_types(part))
    return shapes


def _parts(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) is typing.Literal:
        yield from (type(choice) for choice in typing.get_args(annotation))  # an enum's member may be one
        return
    yield typing.get_origin(annotation)
    for argument in typing.get_args(annotation):
        yield from argument if isinstance(argument, list) else (argument,)  # type: ignore[reportUnknownVariableType]
    # TypeAliasType and NewType, then TypeVar; none of them has more than one of these.
    for attribute in ("__value__", "__supertype__", "__bound__"):
        if not isinstance(annotation, type):
            yield getattr(annotation, attribute, None)
    if isinstance(annotation, typing.TypeVar):
        yield from annotation.__constraints__


def _field_types(type_: type) -> Iterator[Any]:
    fields: Any = getattr(type_, "__pydantic_fields__", None)
    if isinstance(fields, dict):
        yield from (field.annotation for field in fields.values())  # type: ignore[reportUnknownVariableType]
    for base in getattr(type_, "__orig_bases__", ()):
        yield from typing.get_args(base)
    try:
        hints = typing.get_type_hints(type_, include_extras=True)
    except Exception:  # noqa: BLE001 - as above; what the other fields name still counts
        hints = _readable_hints(type_)
    yield from hints.values()


def _readable_hints(type_: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in type_.__mro__:
        for name, hint in vars(base).get("__annotations__", {}).items():
            holder = types.SimpleNamespace(__annotations__={name: hint})
            space = vars(sys.modules.get(base.__module__, types.ModuleType("")))
            try:
                found.update(typing.get_type_hints(holder, space, {base.__name__: base}, include_extras=True))
            except Exception:  # noqa: BLE001, S112 - one field that can't be read doesn't hide the others
                continue
    return found


def _namespaces(function: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the globals, and what the function closes over."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    enclosed: dict[str, Any] = {}
    for name, cell in cells:
        try:
            enclosed[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return getattr(function, "__globals__", {}), enclosed
