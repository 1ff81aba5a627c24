"""What a notebook's class has: its methods, and the constants of its body."""

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property, partial, partialmethod, singledispatchmethod
from types import FunctionType
from typing import Any

from beautyspot.wrapped import unwrap


def owner_of(function: FunctionType, /) -> type | None:
    """Return the class whose method `function` is; None for other functions, and as long as its body runs."""
    first, *rest = function.__qualname__.split(".")[:-1] or [""]
    found: Any = function.__globals__.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    return next((each for each in (found, *_classes_of_super(function)) if _has(each, function)), None)


def members_of(owner: type | None, names: Set[str], /) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield what the bodies of a class, and of those of its program that it is made of, define under `names`.

    That is a name which differs from all others, the body, and the name there.
    """
    for place, base in enumerate(() if owner is None else owner.__mro__):
        if base.__module__ == getattr(owner, "__module__", None):
            # With its place: `class Report(Report)` is a way to add to a class.
            yield from ((f"{place}.{base.__qualname__}.{name}", vars(base), name) for name in names & vars(base).keys())


def functions_behind(content: Any, /) -> list[FunctionType]:
    """Return the functions behind what a name stands for, such as a wrapper, a property or a partial."""
    # Not `isinstance`: a proxy of what isn't there raises when it is asked for its class.
    kind = type(content)  # type: ignore[reportUnknownVariableType] - any value
    if issubclass(kind, property):
        content = content.fget
    elif issubclass(kind, (cached_property, partialmethod)):
        content = content.func
    elif issubclass(kind, singledispatchmethod):
        return _behind_all(content.dispatcher.registry.values())  # the method itself first
    elif issubclass(kind, partial):
        return _behind_all((content.func, *content.args, *content.keywords.values()))
    inner = unwrap(content)
    return [inner] if type(inner) is FunctionType else []


def _behind_all(parts: Iterable[Any]) -> list[FunctionType]:
    return [function for part in parts for function in functions_behind(part)]


def _has(thing: Any, function: FunctionType) -> bool:
    # A class of that name may be another one by now, which the cell ran for again.
    bases = thing.__mro__ if isinstance(thing, type) else ()
    return any(function in functions_behind(member) for base in bases for member in vars(base).values())


def _classes_of_super(function: FunctionType) -> Iterator[Any]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name == "__class__":
            try:
                yield cell.cell_contents
            except ValueError:  # its body is still running
                return
