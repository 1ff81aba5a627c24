"""Copies of a model whose class is one more of the same name, with methods of ours before the model's own.

Whoever asks for the model's class or its attributes finds them, and whatever the class defines goes through ours.
"""

import sys
from functools import lru_cache
from types import new_class
from typing import Any, TypeVar, cast

from beautyspot.errors import ConfigurationError
from beautyspot.keys.counted import share_counts

from llama_index.callbacks.beautyspot.asking import assign
from llama_index.core.bridge.pydantic import BaseModel, PrivateAttr

Model = TypeVar("Model", bound=BaseModel)
STATE = "_beautyspot"
CONSTRUCTORS = ("model_construct", "__pydantic_validator__")
"""What makes a pydantic model without calling its class."""


class Stand:
    """What stands before the methods of a class; first of the bases of what `subclass` makes."""

    _beautyspot: Any

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign as the class does; whoever asks the model meanwhile is told."""
        code = sys._getframe(1).f_code  # pyright: ignore[reportPrivateUsage] - the one way to tell who assigns
        assign(self, name, value, super().__setattr__, code)


def copy_as(model: Model, front: type[Stand], state: Any, /) -> Model:
    """Return a copy of `model` that has the methods of `front` before its own, and `state` for them.

    The copy shares clients and whatever else the model holds. A copy of a copy stands on the first model's class.

    Raises:
        ConfigurationError: the class can't be copied and derived from as pydantic's can.
    """
    try:
        copy = model.model_copy()
        copy.__class__ = subclass(own_class(model), front)
    except TypeError as error:
        name = type(model).__name__
        raise ConfigurationError(
            f"{name} can't be derived from ({error}); expected a pydantic model; wrap it in one"
        ) from error
    private = dict(getattr(copy, "__pydantic_private__", None) or {})
    object.__setattr__(copy, "__pydantic_private__", {**private, STATE: state})
    share_counts(model, copy)
    return copy


def own_class(model: BaseModel, /) -> Any:
    """Return the class of `model`, without what `copy_as` put before it."""
    class_ = type(model)
    return class_.__bases__[-1] if issubclass(class_, Stand) else class_


def plain(model: Model, /) -> Model:
    """Return a copy of `model` that is of its own class again."""
    copy = model.model_copy()
    private = {name: value for name, value in (copy.__pydantic_private__ or {}).items() if name != STATE}
    copy.__class__ = own_class(model)
    object.__setattr__(copy, "__pydantic_private__", private or None)
    share_counts(model, copy)
    return copy


class Fronted(type):
    """The metaclass of what `subclass` makes, before the model's own: copies have a cache, and nothing else has.

    What is constructed through such a class, or derives from it, is of the model's own, as it says nothing of a place.
    """

    def __new__(cls, name: str, bases: tuple[Any, ...], names: dict[str, Any], **options: Any) -> Any:
        """Make a class; one that derives from a class with methods of ours derives from the model's own instead."""
        own = tuple(base.__bases__[-1] if isinstance(base, Fronted) else base for base in bases)
        if own != bases:
            return new_class(name, own, options, lambda body: body.update(names))
        return super().__new__(cls, name, bases, names, **options)

    def __call__(cls, *args: Any, **options: Any) -> Any:
        """Construct a model of its own class."""
        return cls.__bases__[-1](*args, **options)


@lru_cache(256)
def subclass(class_: Any, front: type[Stand], /) -> Any:
    """Return a class of the same name that has the methods of `front` before those of `class_`."""
    names = {name: getattr(class_, name) for name in ("__module__", "__qualname__", "__doc__")}
    made_by = type(Fronted.__name__, (Fronted, cast("Any", type(class_))), {})
    made = made_by(class_.__name__, (front, class_), {**names, STATE: PrivateAttr(default=None)})
    # After pydantic has made its fields: what it finds before, it takes for a mistake.
    for name in CONSTRUCTORS:
        setattr(made, name, getattr(class_, name))
    for name, value in getattr(front, "SHADOWS", {}).items():
        setattr(made, name, value)
    return made
