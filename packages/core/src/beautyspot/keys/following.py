"""Which functions of a program run where a thing is called: all that stand before its function, behind it or in it."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Iterator, Mapping
from functools import cached_property, singledispatchmethod
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from beautyspot.keys.attributes import held_by
from beautyspot.keys.binding import split
from beautyspot.keys.callables import closure, is_ours, place_of
from beautyspot.keys.calls import call_in
from beautyspot.keys.cells import held
from beautyspot.keys.members import functions_behind
from beautyspot.keys.settings import constants_of
from beautyspot.names import qualified_name
from beautyspot.wrapped import chain, is_proxy, mark_of

if TYPE_CHECKING:
    from beautyspot.keys.maker import KeyMaker

# What `functools.singledispatch` adds to a function.
_DISPATCHING = frozenset(("dispatch", "register", "registry"))


def functions_run(thing: Any, world: Mapping[str, Any], /) -> list[tuple[str, FunctionType]]:
    """Return the functions of a program that run where `thing` is called, each once, with a name for it.

    They are the function itself and the wrappers of its decorators, what `functools.singledispatch` chooses from, what
    a partial has, and the functions that all these close over. What they call by name is not among them.

    Args:
        thing: Whatever a name of a program stands for; where it is none of these, nothing runs.
        world: The globals of the program.
    """
    return [
        (name or _name(each), each)
        for name, each in _reached(thing)
        if type(each) is FunctionType and each.__globals__ is world
    ]


def settings_given(thing: Any, world: Mapping[str, Any], /) -> list[tuple[Any, str, Mapping[str, Any]]]:
    """Return the functions that run, the decorators that are objects and the calls that are held, with their constants.

    Each is given with a name. Where `thing` is such a call, its function may be another module's.
    """
    found = [(name, each) for name, each in _reached(thing) if _is_of(world, each) or (each is thing and call_in(each))]
    return [(each, name or _name(each), constants) for name, each in found if (constants := constants_of(each))]


def marks_run(thing: Any, /) -> "list[KeyMaker]":
    """Return the marks of the functions that run where `thing` is called, wherever they are written."""
    return [keys for _, each in _reached(thing) if (keys := mark_of(each)) is not None]


def registry_of(function: Any, /) -> Mapping[type, Any]:
    """Return what a function or method of `functools.singledispatch` chooses from, by class; nothing for any other."""
    if issubclass(type(function), singledispatchmethod):
        function = function.dispatcher
    attributes = vars(function) if type(function) is FunctionType else {}
    return attributes["registry"] if attributes.keys() >= _DISPATCHING else {}


def _is_of(world: Mapping[str, Any], thing: Any) -> bool:
    """Say whether what a thing calls first is of a program."""
    # Not everything is asked: a proxy of what isn't there raises.
    if call := call_in(thing):
        return any(function.__globals__ is world for function in functions_behind(call.function))
    if type(thing) is FunctionType or len(chain(thing)) > 1:
        return getattr(split(thing)[0], "__globals__", None) is world
    return False


def _reached(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield what runs where a thing is called, the thing itself first, each once, with a name or none."""
    seen, waiting = dict[int, Any](), [("", thing)]
    while waiting:
        name, each = waiting.pop()
        if id(each) not in seen:
            seen[id(each)] = each
            waiting += _parts(each)
            yield name, each


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a thing calls when it is called, with a name where its own would not do."""
    # Not `isinstance`: a proxy of what isn't there raises when it is asked for its class.
    kind = type(thing)
    if issubclass(kind, property):
        yield "", thing.fget
    elif issubclass(kind, cached_property):
        yield "", thing.func
    elif issubclass(kind, singledispatchmethod):
        yield "", thing.dispatcher
    elif call := call_in(thing):
        yield from (("", part) for part in (call.function, *call.given.values()))
    elif kind is MethodType:
        yield "", thing.__func__
    else:
        yield from _layers(thing)


def _layers(thing: Any) -> Iterator[tuple[str, Any]]:
    for layer in chain(thing):
        if layer is not thing:
            yield "", layer
        elif type(layer) is FunctionType:
            # Many are named `_`, and the class for which one is chosen says more.
            yield from ((f"{_name(layer)}[{qualified_name(each)}]", run) for each, run in registry_of(layer).items())
            if not is_ours(layer):
                defaults = (*(layer.__defaults__ or ()), *(layer.__kwdefaults__ or {}).values())
                yield from (("", each) for each in (*defaults, *map(held, closure(layer).values())))
        elif is_proxy(layer):
            yield from (("", each) for each in (*held_by(layer).values(), type(layer).__call__))
        elif len(chain(layer)) > 1:
            yield "", split(layer)[0]  # a decorator that is an object


def _name(layer: Any) -> str:
    if call := call_in(layer):
        layer = call.function
    if type(layer) is not FunctionType:
        return qualified_name(type(layer))
    return place_of(layer) if "__wrapped__" in vars(layer) else qualified_name(layer)
