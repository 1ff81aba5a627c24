"""Defaults that are nobody's value, such as `_MISSING = object()`: a key says that the default stands there."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from functools import lru_cache
from struct import calcsize

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.canonical import Canonical, Form, NoContentError, Spelled, tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_DEFAULT, _GIVEN = tag("default"), tag("default given")
_POINTER_BYTES = calcsize("P")
_NONE = object()


def bare_form(canonical: Canonical, default: Any, /) -> Form:
    """Return the form of a default of a function that has one itself; of a sentinel its class.

    Raises:
        NoContentError: it has no content, and is none: it holds something, or may.
    """
    try:
        return canonical.form(default)
    except NoContentError:
        kind = type(default)
        # openai and httpx write their own name into their sentinels.
        if attributes(default, _slots(kind)).keys() - {"__module__"}:
            raise
        return [_DEFAULT, canonical.form(kind)]


class Sentinels:
    """The defaults of one function, and which of them were found to have no content."""

    def __init__(self, canonical: Canonical, defaults: Mapping[str, Any]) -> None:
        """Hold the defaults by name."""
        self._canonical, self._defaults = canonical, defaults
        self.found: set[str] = set()

    def forms_of(self, names: Iterable[str], values: Iterable[Any], /) -> list[Form]:
        """Return the forms of arguments; one that has none but is the default says that, its class and attributes.

        Raises:
            NoContentError: another has none, or the default may hold what nobody can look at, as an open connection.
        """
        return [self._form(name, value) for name, value in zip(names, values, strict=True)]

    def _form(self, name: str, value: Any) -> Form:
        default = self._defaults.get(name, _NONE)
        given = value.value if type(value) is Spelled else value
        if given is not default:
            return self._canonical.form(value)
        if name not in self.found:
            try:
                return self._canonical.form(value)
            except NoContentError:
                form = self._default(default)
                self.found.add(name)
        else:
            form = self._default(default)
        return form if given is value else [_GIVEN, form]

    def _default(self, default: Any) -> Form:
        # They count: a default may be settings, which change between calls as a sentinel never does.
        kind = type(default)
        return [_DEFAULT, self._canonical.form(kind), self._canonical.form(attributes(default, _slots(kind)))]


@lru_cache(256)
def _slots(kind: type) -> list[str]:
    slots = slots_of(kind.__mro__)
    if not _has_attributes_alone(kind, len(slots)):
        raise NoContentError(kind)
    return slots


def _has_attributes_alone(kind: type, slots: int) -> bool:
    """Say whether instances have room for attributes and nothing else; those of a class of C may hold anything."""
    pointers = slots + (kind.__dictoffset__ > 0) + (kind.__weakrefoffset__ > 0)
    return kind.__basicsize__ == object.__basicsize__ + pointers * _POINTER_BYTES
