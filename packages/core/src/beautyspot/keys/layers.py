"""What lies below a function's decorators, down to the function that was written."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from types import FunctionType

from beautyspot.keys.binding import Binder, Unbound, binder, is_unbound, parameters_of, puts_first, split, step_of
from beautyspot.wrapped import is_proxy, is_wrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any, NamedTuple
else:
    from beautyspot.tuples import NamedTuple


class Layer(NamedTuple):
    """One of what stands before another, or the last."""

    thing: Any
    given: tuple[tuple[str, Any], ...] | None
    """What it puts before the arguments of each call, by the names below; None for a decorator, and for the last."""

    @property
    def is_function(self) -> bool:
        """Whether it is a function, or shows itself as what it stands before as a decorator of wrapt does."""
        if self.given is not None:
            return False
        return isinstance(self.thing, FunctionType) or (
            is_proxy(self.thing) and self.thing.__class__ is not type(self.thing)
        )


def layers_of(function: Any, /) -> list[Layer]:
    """Return a function and what lies below it, the innermost last: wrappers, and partials and methods among them."""
    layers, thing = list[Layer](), split(function)[0]
    while not any(thing is layer.thing for layer in layers):  # it may wrap one of its own wrappers
        if is_wrapper(thing) and not puts_first(thing):
            layer, below = Layer(thing, None), thing.__wrapped__
        elif (step := step_of(thing)) is not None:
            below, args, kwargs = step
            layer = Layer(thing, (*_named(args, below), *kwargs.items()))
        else:
            return [*layers, Layer(thing, None)]
        layers.append(layer)
        thing = below
    return layers


def innermost(function: Any, /) -> Any:
    """Return what lies below all else."""
    return layers_of(function)[-1].thing


def named_by(function: Any, /) -> Any:
    """Return what a function has its name from: itself, or what is behind a partial or an object without one."""
    layers = layers_of(function)
    nameless = [place for place, layer in enumerate(layers) if layer.given is not None and not _is_named(layer.thing)]
    below = layers[nameless[-1] + 1 :] if nameless else layers
    return (below or layers)[0].thing  # a partial may lead back to what stands before it


def binder_below(function: Any, /, *, ignore: Collection[str] = ()) -> Binder:
    """Return a binder whose values begin with what partials and methods below decorators put before the arguments.

    Args:
        function: What is called.
        ignore: Parameters that the values leave out.
    """
    bound = binder(function, ignore=ignore)
    given = [pair for layer in layers_of(function) for pair in layer.given or () if pair[0] not in ignore]
    if not given:
        return bound
    names, first = tuple(name for name, _ in given), tuple(value for _, value in given)

    def bind_more(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        values = bound.bind(*args, **kwargs)
        return (Unbound, (*first, *values[1]), values[2]) if is_unbound(values) else (*first, *values)

    # What a partial gives shows as a default, and is none that the function was written with.
    defaults = {name: value for name, value in bound.defaults.items() if name not in names}
    return Binder((*names, *bound.names), bind_more, defaults)


def _named(args: tuple[Any, ...], function: Any) -> Iterator[tuple[str, Any]]:
    if not args:
        return
    parameters = parameters_of(function)
    names = (*parameters.positional_only, *parameters.positional)
    yield from zip(names, args, strict=False)
    if rest := args[len(names) :]:
        yield parameters.rest or "args", rest


def _is_named(thing: Any) -> bool:
    return isinstance(getattr(thing, "__qualname__", None), str)
