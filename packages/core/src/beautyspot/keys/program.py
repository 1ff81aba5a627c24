"""What a function of a notebook reads of its program by name: functions there, those of its class, and constants."""

import builtins
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any, NamedTuple, cast

from beautyspot.keys.binding import stands_before
from beautyspot.keys.callables import function_form, is_ours, opaque
from beautyspot.keys.calls import PARTIALS
from beautyspot.keys.canonical import Canonical, Form, NoContentError, pack
from beautyspot.keys.cells import Held
from beautyspot.keys.code import global_names, own_form
from beautyspot.keys.following import functions_run, registry_of
from beautyspot.keys.layers import innermost
from beautyspot.keys.members import functions_behind, members_of
from beautyspot.keys.proxies import functions_in, place_of_layer
from beautyspot.keys.settings import constants_of, is_constant
from beautyspot.names import qualified_name
from beautyspot.wrapped import chain, marks_of, unwrap

NAMED = (FunctionType, BuiltinFunctionType, type)
"""What a partial of another module's function is told by the name of."""
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")


class Variable:
    """A global variable or a member of a class, read as a cell is."""

    __slots__ = ("_name", "_world")

    def __init__(self, world: Mapping[Any, Any], name: Any) -> None:
        """Look at `name` in the globals of a program, or among what a class defines."""
        self._world, self._name = world, name

    @property
    def cell_contents(self) -> Any:
        """What it holds now.

        Raises:
            ValueError: it is deleted.
        """
        try:
            return self._world[self._name]
        except KeyError:
            raise ValueError(self._name) from None


class Newest:
    """What was added last to a registry, read as a cell is."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Mapping[Any, Any]) -> None:
        """Look at a registry, which is not empty."""
        self._registry = registry

    @property
    def cell_contents(self) -> Any:
        """What it is now."""
        return [*self._registry.values()][-1]


class Read(NamedTuple):
    """What was read."""

    form: Form
    held: tuple[Held, ...]
    """The variables that it was made of; while they hold this, it stays as it is."""


class Used(NamedTuple):
    """The names in a function's code, by what it does with them."""

    variables: frozenset[str]
    assigned: frozenset[str]
    attributes: frozenset[str]
    assigned_attributes: frozenset[str]


def names_read(function: Any, /) -> list[str]:
    """Return the global names that the function and those that it calls read, without those of Python."""
    names = {*_used(innermost(function).__code__).variables, *_reach(function, None)[0]}
    return sorted(name for name in names if not hasattr(builtins, name))


def read_by(function: Any, owner: type | None, ignore: Collection[str], canonical: Canonical, /) -> Read:
    """Return the functions of its program that `function` calls by name, those that they call, and all their constants.

    Of a method, so are those of its class, `owner`. What one of them assigns is left out, as a counter makes no other
    call. What stands before the function, and what it is made of, is among them.
    """
    world = innermost(function).__globals__
    found, assigned = _reach(function, owner)
    told = {
        name: (variable, content)
        for name, (variable, content) in sorted(found.items())
        if name not in ignore and _is_told(world, content) and not _varies(name, content, assigned)
    }
    form: Form = {name: _form(canonical, world, content) for name, (_, content) in told.items()}
    others = _others(function, world)
    chosen = (pair for thing in (function, *(content for _, content in told.values())) for pair in _registered(thing))
    return Read([form, others] if others else form, (*told.values(), *chosen))


def _reach(function: Any, owner: type | None) -> tuple[dict[str, Held], set[str]]:
    """Return what is read from `function` on, and the names that are assigned; those of attributes begin with a dot."""
    world, found, assigned = (inner := innermost(function)).__globals__, dict[str, Held](), set[str]()
    runs = (*functions_run(function, world), *functions_run(inner, world))
    waiting, seen = [each for _, each in runs], set[FunctionType]()
    while waiting:
        called = waiting.pop()
        if called in seen:
            continue
        seen.add(called)
        used = _used(called.__code__)
        assigned |= used.assigned | {f".{name}" for name in used.assigned_attributes}
        for name, space, key in _places(world, owner, used):
            content = space[key]
            found.setdefault(name, (Variable(space, key), content))
            waiting += (each for _, each in functions_run(content, world))
    return found, assigned


def _places(world: dict[str, Any], owner: type | None, used: Used) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield what a function reads: a name for it, and where it lies under which key."""
    for key in used.variables & world.keys():
        if not key.startswith("__"):
            yield key, world, key
    yield from members_of(owner, used.attributes)


def _varies(name: str, content: Any, assigned: Collection[str]) -> bool:
    """Say whether one of the functions assigns to a variable, or to an attribute that begins as a constant."""
    _, dot, attribute = name.rpartition(".")
    return f"{dot}{attribute}" in assigned and (not dot or is_constant(content))


@lru_cache(maxsize=512)
def _used(code: CodeType) -> Used:
    import dis  # 6 ms, for functions that are told by their code

    steps = list(dis.get_instructions(code))
    inner = [_used(constant) for constant in code.co_consts if isinstance(constant, CodeType)]

    def named(*instructions: str) -> frozenset[str]:
        return frozenset(step.argval for step in steps if step.opname in instructions)

    own = Used(
        frozenset(global_names(steps)),
        named("STORE_GLOBAL", "DELETE_GLOBAL"),
        named(*ATTRIBUTES),
        named("STORE_ATTR", "DELETE_ATTR"),
    )
    return Used(*(frozenset[str]().union(*sets) for sets in zip(own, *inner, strict=True)))


def _form(canonical: Canonical, world: dict[str, Any], content: Any) -> Form:
    if is_constant(content):
        return canonical.form(content)
    if issubclass(type(content), PARTIALS):
        parts = ((content.func,), content.args, content.keywords.values())
        return [[_form(canonical, world, each) for each in part] for part in parts] + [list(content.keywords)]
    if type(content) is tuple:
        return [_form(canonical, world, each) for each in cast("tuple[Any, ...]", content)]
    inner = next(iter(functions_behind(content)), content)
    versions = _versions(world, content)
    if not _is_of(world, inner):
        form = qualified_name(inner) if issubclass(type(inner), NAMED) else opaque(inner)
        return [versions, form] if versions else form
    try:
        form = function_form(canonical, inner)
    except (NoContentError, RecursionError, ValueError):  # of a default, or of what a helper closes over
        form = [opaque(inner), own_form(inner)[0]]
    layers = [layer for layer in chain(content)[:-1] if _is_decorator(layer)]
    decorators = [canonical.form(_decorator(each)) for layer in layers for each in (layer, *functions_in(layer))]
    decorators += versions
    others = _others(content, world)
    return [decorators, *([others] if others else []), form] if decorators or others else form


def _others(content: Any, world: dict[str, Any]) -> Form:
    """Return the code of what runs around a function, or is chosen or called by what it closes over."""
    inner = unwrap(content)
    return sorted([name, pack(own_form(each)[0])] for name, each in functions_run(content, world) if each is not inner)


def _registered(content: Any) -> Iterator[Held]:
    """Yield what functions of `functools.singledispatch` choose from: it is changed in place."""
    for registry in map(registry_of, chain(content)):
        yield from ((Variable(registry, kind), run) for kind, run in registry.items())
        yield from ((Newest(registry), run) for run in [*registry.values()][-1:])


def _is_decorator(layer: Any) -> bool:
    return stands_before(layer) and not is_ours(layer) and type(layer).__module__ != "functools"


def _decorator(layer: object) -> tuple[str, Mapping[str, Any]]:
    """Return what stands before a helper, and its constants but those that it counts itself."""
    name = place_of_layer(layer) if isinstance(layer, FunctionType) else qualified_name(type(layer))
    return name, constants_of(layer)


def _is_told(world: dict[str, Any], content: Any) -> bool:
    if issubclass(type(content), PARTIALS) or is_constant(content):
        return True
    return bool(functions_run(content, world) or _versions(world, content))


def _versions(world: dict[str, Any], content: Any) -> list[Form]:
    """Return the versions of the marks before a function, but for those that its code here says."""
    marks = [keys for keys in marks_of(content) if not _is_of(world, innermost(keys.told_by_code))]
    return [["version", keys.version] for keys in marks if keys.version is not None]


def _is_of(world: dict[str, Any], function: Any) -> bool:
    return type(function) is FunctionType and function.__globals__ is world
