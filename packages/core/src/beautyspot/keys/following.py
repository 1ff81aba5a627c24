"""Which functions of a program run where a thing is called: all that stand before its function, behind it or in it."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from collections.abc import Iterator, Mapping
from functools import cached_property, singledispatchmethod
from operator import itemgetter
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from beautyspot.keys.attributes import held_by
from beautyspot.keys.binding import split
from beautyspot.keys.callables import closure, is_ours, place_of
from beautyspot.keys.calls import call_in
from beautyspot.keys.cells import held
from beautyspot.keys.members import functions_behind
from beautyspot.names import qualified_name
from beautyspot.wrapped import chain, is_proxy

MOST_PARTS = 64
"""Of a tuple that are looked at: a corpus may be one, and a pipeline is not as long."""
# What `functools.singledispatch` adds to a function.
_DISPATCHING = frozenset(("dispatch", "register", "registry"))


class Reached(NamedTuple):
    """What runs where something is called, and how it is come to."""

    thing: Any
    name: str
    """A name for it where its own would not do, else none."""
    role: str
    """Which part of its holder it is: a free variable, a default or a partial's argument; else none."""
    holder: int
    """Where what holds it stands among all that is reached."""
    first: int | None
    """Where it stands for the first time, if not here."""

    @property
    def title(self) -> str:
        """The name to tell it by."""
        return self.name or _name(self.thing)


def functions_run(thing: Any, world: Mapping[str, Any], /) -> list[tuple[str, FunctionType]]:
    """Return the functions of a program that run where `thing` is called, each once, with a name for it.

    They are the function itself and the wrappers of its decorators, what `functools.singledispatch` chooses from, what
    a partial has, and the functions that all these close over. What they call by name is not among them.

    Args:
        thing: Whatever a name of a program stands for; where it is none of these, nothing runs.
        world: The globals of the program.
    """
    own = (each for each in reached(thing) if each.first is None and type(each.thing) is FunctionType)
    return [(each.title, each.thing) for each in own if each.thing.__globals__ is world]


def is_of(world: Mapping[str, Any], thing: Any, /) -> bool:
    """Say whether what a thing calls first is of a program."""
    # Not everything is asked: a proxy of what isn't there raises.
    if call := call_in(thing):
        return any(function.__globals__ is world for function in functions_behind(call.function))
    if type(thing) is FunctionType or len(chain(thing)) > 1:
        return getattr(split(thing)[0], "__globals__", None) is world
    return False


def registry_of(function: Any, /) -> Mapping[type, Any]:
    """Return what a function or method of `functools.singledispatch` chooses from, by class; nothing for any other."""
    if issubclass(type(function), singledispatchmethod):
        function = function.dispatcher
    attributes = vars(function) if type(function) is FunctionType else {}
    return attributes["registry"] if attributes.keys() >= _DISPATCHING else {}


def reached(thing: Any, /) -> list[Reached]:
    """Return what runs where a thing is called, the thing itself first; what is met again is said so, and not entered.

    The order is that of what each holds, so that it is the same in every process.
    """
    found, seen, waiting = list[Reached](), dict[int, int](), [(thing, "", "", 0)]
    while waiting:
        each, name, role, holder = waiting.pop()
        place = len(found)
        first = seen.setdefault(id(each), place)
        found.append(Reached(each, name, role, holder, None if first == place else first))
        if first == place:
            waiting += ((part, named, within, place) for within, named, part in _parts(each))
    return found


def _parts(thing: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield what a thing calls when it is called, as which of its parts, with a name where its own would not do."""
    # Not `isinstance`: a proxy of what isn't there raises when it is asked for its class.
    kind = type(thing)
    if issubclass(kind, property):
        yield "", "", thing.fget
    elif issubclass(kind, cached_property):
        yield "", "", thing.func
    elif issubclass(kind, singledispatchmethod):
        yield "", "", thing.dispatcher
    elif call := call_in(thing):
        yield "", "", call.function
        yield from ((place, "", part) for place, part in call.given.items())
    elif kind is MethodType:
        yield "", "", thing.__func__
    elif kind is tuple:
        yield from ((str(place), "", part) for place, part in enumerate(thing[:MOST_PARTS]))
    else:
        yield from _layers(thing)


def _layers(thing: Any) -> Iterator[tuple[str, str, Any]]:
    for layer in chain(thing):
        if layer is not thing:
            yield "", "", layer
        elif type(layer) is FunctionType:
            # Many are named `_`, and the class for which one is chosen says more.
            chosen = sorted(
                ((qualified_name(each), run) for each, run in registry_of(layer).items()), key=itemgetter(0)
            )
            yield from (("", f"{_name(layer)}[{each}]", run) for each, run in chosen)
            if not is_ours(layer):
                defaults = {**dict(enumerate(layer.__defaults__ or ())), **(layer.__kwdefaults__ or {})}
                yield from ((f"={each}", "", part) for each, part in defaults.items())
                yield from ((each, "", held(cell)) for each, cell in closure(layer).items())
        elif is_proxy(layer):
            yield from (("", "", each) for each in (*held_by(layer).values(), type(layer).__call__))
        elif len(chain(layer)) > 1:
            yield "", "", split(layer)[0]  # a decorator that is an object


def _name(layer: Any) -> str:
    if call := call_in(layer):
        layer = call.function
    if type(layer) is not FunctionType:
        return qualified_name(type(layer))
    return place_of(layer) if "__wrapped__" in vars(layer) else qualified_name(layer)
