"""Functions that share a name, under which all their results are deleted at once, though their keys are told apart."""

from __future__ import annotations

import os
from threading import RLock
from types import FunctionType
from weakref import WeakKeyDictionary, WeakSet

from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import split
from beautyspot.wrapped import chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.store import Store
    from beautyspot.walk.plan import Plan

_marked: WeakKeyDictionary[Store, dict[str, WeakSet[Any]]] = WeakKeyDictionary()
"""The marked functions of each Spot that somebody still has, by name."""
_lock = RLock()  # a signal handler may mark a function in the middle of our lines


def note(plan: Plan, marked: Any, /) -> None:
    """Note that `marked` works by `plan`."""
    with _lock:
        _marked.setdefault(plan.store, {}).setdefault(plan.keys.func_name, WeakSet()).add(marked)


def refuse_shared(store: Store, func_name: str, /) -> None:
    """Refuse to delete all results of a name that several functions have.

    Raises:
        ConfigurationError: they are lambdas, of one factory, partial ones or wrapped by different decorators.
    """
    if len(_places(store, func_name)) < 2:
        return
    import gc  # what a notebook's cell defined before it ran again is in a cycle and gone only after this

    gc.collect()
    found = _places(store, func_name)
    if len(found) > 1:
        places = ", ".join(sorted(set(found.values())))
        raise ConfigurationError(
            f"several functions are named {func_name!r} ({places}), and the results of all would be deleted; "
            "delete those of single calls with f.invalidate(…), those of a tag with "
            f"spot.invalidate(tags=…), or all of them with spot.invalidate(function={func_name!r})"
        )


def _places(store: Store, func_name: str) -> dict[Any, str]:
    """Return where the functions of the name were written, by what tells them apart."""
    with _lock:
        marked = list(_marked.get(store, {}).get(func_name, ()))
    return dict(_told(each.__beautyspot_plan__.function) for each in marked)


def _told(function: Any) -> tuple[Any, str]:
    inner, args, kwargs = split(function)
    layers = chain(inner)
    code = getattr(layers[-1], "__code__", None)
    place = "written in C" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
    if args or kwargs:
        return id(function), f"{place}, with some of its arguments"
    if len(layers) == 1 and "<l" not in inner.__qualname__:
        return None, place  # the last function of its name stands for those before
    return tuple(_content(layer, layers) for layer in layers), place


def _content(layer: Any, layers: list[Any]) -> Any:
    if not isinstance(layer, FunctionType):
        return id(layer)
    cells = (_held(cell) for cell in layer.__closure__ or ())
    held = (*cells, *(layer.__defaults__ or ()), *(layer.__kwdefaults__ or {}).values())
    # Their ids stand for what is held: nothing here may compare the user's values, which can take long or fail.
    return layer.__code__, tuple(id(each) for each in held if not any(each is other for other in layers))


def _held(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None  # not given a value yet


def _after_fork_in_child() -> None:
    global _lock  # a thread of the parent may have held it
    _lock = RLock()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
