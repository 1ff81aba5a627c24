"""Forms of decorators that are objects: their settings make other results, as those of a closure do."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping
from typing import Any

from beautyspot.keys.callables import is_ours
from beautyspot.keys.canonical import Canonical, Form

_SHOWN = frozenset(
    ("__annotate__", "__annotations__", "__doc__", "__module__", "__name__", "__qualname__", "__type_params__")
)
"""What `functools.update_wrapper` sets in any release of Python, besides `__wrapped__`: how the function is shown."""


def decorator_form(canonical: Canonical, decorator: object, held: Mapping[str, Any], /) -> list[Form]:
    """Return forms of the function that stands behind, and of all that is `held` but what counts the calls.

    Args:
        decorator: An object that stands before a function.
        held: Its attributes.

    Raises:
        NoContentError: one of them has none.
    """
    wrapped = held["__wrapped__"]
    names = sorted(name for name, item in held.items() if item is wrapped)
    return [names, canonical.form(wrapped), canonical.form(settings_of(decorator, held))]


def settings_of(decorator: object, held: Mapping[str, Any], /) -> dict[str, Any]:
    """Return what is `held` but the function that stands behind, and what counts the calls."""
    from beautyspot.keys.counted import counts_of  # `ast` and `inspect` are 20 ms of a notebook's first call

    wrapped = held["__wrapped__"]
    out, marks = _SHOWN | counts_of(decorator, held, ("__call__",)), _marks(wrapped)
    return {
        name: item
        for name, item in held.items()
        # Most have it twice, as `__wrapped__` and by a name of their own, and its form is the dearest of them all.
        if name not in out and item is not wrapped and not (name in marks and item is marks[name])
    }


def _marks(wrapped: Any) -> Mapping[str, Any]:
    """Return what this library added to a marked or limited function, which `update_wrapper` copies."""
    if not is_ours(wrapped):
        return {}
    before = getattr(wrapped.__wrapped__, "__dict__", {})
    return {name: item for name, item in vars(wrapped).items() if name not in before}
