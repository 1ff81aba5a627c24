"""Which maker a class's values take: looked for once per class."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
from contextlib import suppress
from typing import Any

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.binding import stands_before
from beautyspot.keys.callables import CALLABLES, class_name
from beautyspot.keys.canonical import CORE, Canonical, Form, Maker, NoContentError, tag
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name

_REGISTERED, _SUBCLASS, _DECORATOR = tag("registered"), tag("subclass"), tag("decorator")


def maker_for(kind: type, registry: KeyRegistry, /) -> Maker:
    """Return the maker for instances of `kind`; the last resort refuses them."""
    return _registered(kind, registry) or _record(kind) or _host(kind) or _content(kind) or _other(kind)


def _registered(kind: type, registry: KeyRegistry) -> Maker | None:
    for base in kind.__mro__:
        function = registry.functions.get(base)
        if function is not None:
            name = qualified_name(kind)
            return lambda canonical, value: [_REGISTERED, name, canonical.form(function(value))]
    return None


def _record(kind: type) -> Maker | None:
    from beautyspot.keys import records  # as in Canonical: not before it is needed

    make = records.maker_for(kind, _host(kind) or _known(kind)[1])
    is_callable = any("__call__" in vars(base) for base in kind.__mro__)
    return make if make is None or not is_callable else _or_decorator(kind, make)


def _or_decorator(kind: type, make: Maker) -> Maker:
    """Return a maker that takes a record which stands before a function as any decorator, where `make` can't."""
    other = _other(kind)

    def form(canonical: Canonical, value: Any) -> Form:
        if not stands_before(value):
            return make(canonical, value)
        from beautyspot.keys.counted import counted_by  # as in `_other`
        from beautyspot.keys.states import state_of

        # The fields alone where they can't change by calls: results are kept under them.
        if not (state_of(kind).assigned or counted_by(kind, ("__call__",))):
            with suppress(NoContentError):
                return make(canonical, value)
        return other(canonical, value)

    return form


def _host(kind: type) -> Maker | None:
    """Return the maker of a library that the user has loaded, told by the classes' own modules."""
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    if "pandas" in roots or "polars" in roots:
        from beautyspot.keys import frames  # only for who has such values

        return frames.maker_for(kind)
    if "numpy" in roots or "PIL" in roots:
        from beautyspot.keys import arrays  # as above

        return arrays.maker_for(kind)
    return None


def _content(kind: type) -> Maker | None:
    base, make = (kind, CALLABLES["builtins.type"]) if issubclass(kind, type) else _known(kind)
    return make if make is None or base is kind else _subclass(kind, base, make)


def _known(kind: type) -> tuple[type, Maker | None]:
    """Return the first of a class's bases whose values are known, and their maker; None where there is none."""
    from beautyspot.keys.standard import STANDARD

    for base in kind.__mro__:
        name = f"{base.__module__.removesuffix('._local')}.{base.__qualname__}"
        making = STANDARD.get(name)
        make = making(base) if making else CORE.get(base) or CALLABLES.get(name)
        if make is not None:
            return base, make
    return kind, None


def _subclass(kind: type, base: type, make: Maker) -> Maker:
    """Return a maker for a user's subclass of a known class: its name, what the base holds, and what it adds."""
    slots = slots_of(kind.__mro__[: kind.__mro__.index(base)])

    def form(canonical: Canonical, value: Any) -> Form:
        name, added = class_name(canonical, type(value)), canonical.form(attributes(value, slots))
        return [_SUBCLASS, name, make(canonical, value), added]

    return form


def _other(kind: type) -> Maker:
    """Return a maker that takes an object which stands before a function for what it holds, and refuses the rest."""
    slots = slots_of(kind.__mro__)

    def form(canonical: Canonical, value: Any) -> Form:
        if stands_before(value):
            from beautyspot.keys.decorators import decorator_form  # few calls hold one

            name = class_name(canonical, type(value))
            return [_DECORATOR, name, *decorator_form(canonical, value, attributes(value, slots))]
        raise NoContentError(type(value))

    return form
