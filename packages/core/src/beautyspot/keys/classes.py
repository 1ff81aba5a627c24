"""Forms of classes: the name and what is declared, and of one whose name may be another's all that its body says."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.canonical import Canonical, Form, pack, tag
from beautyspot.keys.cells import Held, held, held_below
from beautyspot.keys.digest import digest
from beautyspot.keys.fields import annotation_form, annotations, declared, is_told_by_name
from beautyspot.keys.lenient import lenient_form
from beautyspot.keys.members import functions_behind
from beautyspot.keys.partly import partly
from beautyspot.names import qualified_name

_CLASS = tag("class")


class Taken(NamedTuple):
    """What was taken down of a class."""

    every: tuple[Any, ...]
    """All that the class held."""
    numbers: tuple[int, ...]
    """The `id` of each."""
    cells: tuple[Held, ...]
    """Of its methods, with what they held."""
    form: Form


def class_form(canonical: Canonical, cls: Any, /) -> Form:
    """Return a class's name, its fields, members or schema, and what its body says where the name does not tell it.

    A class within its own form is its name.
    """
    name = qualified_name(cls)
    if any(each is cls for each in canonical.active):
        return [_CLASS, name, None]
    form = [_CLASS, name, declared(partly(canonical.within(cls)), cls)]
    return form if is_told_by_name(cls) else [*form, _body(canonical, cls)]


def instance_name(canonical: Canonical, cls: Any, /) -> Form:
    """Return what tells the class of an instance where that is a local one: its form, as that says what methods do."""
    name = qualified_name(cls)
    return name if any(each is cls for each in canonical.active) else [name, _body(canonical, cls)]


def _body(canonical: Canonical, cls: Any) -> bytes:
    """Return a digest of what a class's body says, what its methods close over with it.

    That counts as it was when it was first looked at, and anew where a variable, or an attribute of the class, was
    given another value; not what was changed in place. What has no content counts as in a decorator.
    """
    around = tuple(each for each in canonical.active if isinstance(each, type))
    # By the classes around it as well, of which its own form has no more than the names.
    sights, place = canonical.registry.sights.of(cls), ("body", *map(id, around))
    taken: Taken | None = sights.get(place)
    if taken is None or not _is_still(taken, cls):
        taken = sights[place] = _take(Canonical(canonical.registry, (*around, cls)), cls)
    return taken.form


def _take(inside: Canonical, cls: Any) -> Taken:
    every, members = tuple(vars(cls).values()), dict(_members(cls))
    functions = tuple(function for member in members.values() for function in functions_behind(member))
    # What is held first: given another value in between, it is taken again at the next call.
    cells = held_below(functions)
    bases = [annotation_form(inside, base) for base in cls.__bases__]
    shown = annotations(inside, vars(cls).get("__annotations__", {}))
    forms = {name: lenient_form(inside, _written(members[name])) for name in sorted(members)}
    form = digest(pack([bases, declared(partly(inside), cls), shown, forms]))
    return Taken(every, tuple(map(id, every)), cells, form)


def _is_still(taken: Taken, cls: Any) -> bool:
    # By number, as it is looked at for each instance: 2 µs, where what the body defines takes 30 to tell.
    if tuple(map(id, vars(cls).values())) != taken.numbers:
        return False
    return all(held(cell) is content for cell, content in taken.cells)


def _members(cls: Any) -> Iterator[tuple[str, Any]]:
    """Yield what the body of a class defines, without what Python or a library makes of it."""
    for name, member in vars(cls).items():
        if name.startswith("_sa_"):  # SQLAlchemy's own, which changes as rows are made
            continue
        is_pythons = name.startswith("_") and name.endswith("_")
        if not is_pythons or any(not _is_made(function) for function in functions_behind(member)):
            yield name, member


def _is_made(function: FunctionType) -> bool:
    """Say whether a method was made of the fields, by `dataclass` or `attrs`."""
    code = function.__code__
    return code.co_qualname.startswith("__create_fn__.") or code.co_filename.startswith("<attrs generated ")


def _written(member: Any) -> Any:
    return member.func if isinstance(member, cached_property) else member
