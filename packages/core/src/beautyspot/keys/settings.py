"""Constants that decorators and helpers were given: what they close over, or hold as objects."""

from collections.abc import Mapping
from types import FunctionType
from typing import Any

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.callables import closure
from beautyspot.keys.calls import call_in
from beautyspot.keys.cells import counted_in, held
from beautyspot.keys.decorators import settings_of

CONSTANTS = (type(None), bool, int, float, complex, str, bytes)
"""What can't be changed in place, alone or in a tuple or frozenset."""


def is_constant(content: Any, /) -> bool:
    """Say whether a value is one of `CONSTANTS`, or a tuple or frozenset of them."""
    if type(content) in (tuple, frozenset):
        return all(map(is_constant, content))
    return type(content) in CONSTANTS


def constants_of(layer: object, /) -> Mapping[str, Any]:
    """Return what a function closes over, or a decorator that is an object holds, but for what it counts itself.

    Of a call that is held, there or as the layer itself, what it is given.
    """
    if call := call_in(layer):
        found = call.given
    elif type(layer) is FunctionType:
        own = counted_in((layer,))
        found = {name: held(cell) for name, cell in closure(layer).items() if id(cell) not in own}
    else:
        found = settings_of(layer, attributes(layer, slots_of(type(layer).__mro__)))
    calls = [(name, content) for name, content in found.items() if call_in(content)]
    given = {f"{name}.{each}": item for name, content in calls for each, item in constants_of(content).items()}
    return {**{name: content for name, content in found.items() if is_constant(content)}, **given}
