"""What a notebook's class has: its methods, and the constants of its body."""

from collections.abc import Iterator, Set
from functools import cached_property, partial, partialmethod
from types import FunctionType
from typing import Any

from beautyspot.keys.code import unwrap


def owner_of(function: FunctionType, /) -> type | None:
    """Return the class whose method `function` is; None for other functions, and as long as its body runs."""
    first, *rest = function.__qualname__.split(".")[:-1] or [""]
    found: Any = function.__globals__.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    return next((each for each in (found, *_classes_of_super(function)) if _has(each, function)), None)


def members_of(owner: type | None, names: Set[str], /) -> Iterator[tuple[type, str]]:
    """Yield the classes of the owner's program that it is made of, each with those of `names` that its body defines."""
    for base in () if owner is None else owner.__mro__:
        if base.__module__ == getattr(owner, "__module__", None):
            yield from ((base, name) for name in names & vars(base).keys())


def behind(content: Any, /) -> list[FunctionType]:
    """Return the functions behind what a name stands for, such as a wrapper, a property or a partial."""
    if isinstance(content, property):
        content = content.fget
    elif isinstance(content, (cached_property, partialmethod)):
        content = content.func  # type: ignore[reportUnknownMemberType] - any function
    elif isinstance(content, partial):
        parts: tuple[Any, ...] = (content.func, *content.args, *content.keywords.values())
        return [function for part in parts for function in behind(part)]
    inner = unwrap(content)
    return [inner] if isinstance(inner, FunctionType) else []


def _has(thing: Any, function: FunctionType) -> bool:
    # A class of that name may be another one by now, which the cell ran for again.
    return isinstance(thing, type) and any(function in behind(member) for member in vars(thing).values())


def _classes_of_super(function: FunctionType) -> Iterator[Any]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name == "__class__":
            try:
                yield cell.cell_contents
            except ValueError:  # its body is still running
                return
