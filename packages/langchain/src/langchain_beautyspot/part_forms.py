"""Forms of what lies in a model's fields: of an object without content of its own what it holds."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import re
import sys
from collections.abc import Mapping
from functools import cached_property
from types import MethodType
from typing import Any

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.callables import is_ours, opaque
from beautyspot.keys.canonical import Canonical, Form, NoContentError, tag
from beautyspot.keys.counted import asked_by, counts_of
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.keys.linked import Links
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name
from langchain_core.caches import BaseCache
from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.rate_limiters import BaseRateLimiter

from langchain_beautyspot.carriers import CARRIERS, content_of, package_of
from langchain_beautyspot.clients import said_by_client
from langchain_beautyspot.model_fields import is_secret

HEARERS = (BaseCache, BaseCallbackHandler, BaseCallbackManager, BaseRateLimiter)
"""What hears of a call, or holds it up."""
TOOLS = frozenset(
    ("_thread", "asyncio", "concurrent", "contextvars", "logging", "queue", "ssl", "tenacity", "threading")
)
"""Packages whose objects change no answer."""
LONGEST_TEXT = 200
"""Signs of an object's own words that count as its content; a client may tell its whole state."""
_ADDRESS = re.compile(r" at 0x|0x[0-9a-fA-F]{6}")
_OBJECT = tag("object")


class UntoldPartError(NoContentError):
    """Nothing tells an object from others of its class."""


class PartForms(Canonical):
    """Makes the form of any value; an object of the program's own counts by its attributes, or by what it says it is.

    Not by those that hold nothing or a secret, that it makes by itself, or in which it counts its calls.
    """

    __slots__ = ("_asked", "_links", "_untold")

    def __init__(
        self,
        registry: KeyRegistry,
        active: tuple[Any, ...] = (),
        *,
        asked: tuple[str, ...],
        untold: list[Any] | None,
        links: Links | None = None,
    ) -> None:
        """Make forms as `Canonical` does.

        Args:
            registry: Of the classes that are known.
            active: As `Canonical`'s.
            asked: The methods by which the value is asked.
            untold: Takes the objects that can't be told, which count by their class; None to raise `UntoldPartError`.
            links: Knows the objects whose attributes are in a form already.
        """
        super().__init__(registry, active)
        self._asked, self._untold = asked, untold
        self._links = Links() if links is None else links

    def within(self, thing: Any, /) -> "PartForms":
        """Return one that knows the objects that this does."""
        return self._like((*self.active, thing), self._asked)

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`, or what stands for it.

        Raises:
            UntoldPartError: nothing tells it from others of its class.
        """
        if type(value) is MethodType:
            return [*opaque(value), self._like(self.active, (value.__name__,)).form(value.__self__), value.__name__]
        try:
            return super().form(value)
        except UntoldPartError:
            raise
        except NoContentError:
            return self._object_form(value)

    def _object_form(self, value: Any) -> Form:
        kind = type(value)
        if changes_nothing(value):
            return opaque(value)
        said = said_as_client(value, {})
        if said is not None:
            return [*opaque(value), said]
        content = content_of(value) if package_of(kind) in CARRIERS else None
        if content is not None:
            return [*opaque(value), self.form(content)]
        if is_of_a_library(kind):
            return self._library_form(value)
        try:
            return self._links.form(value, lambda: [_OBJECT, qualified_name(kind), self._attributes(value)])
        except UntoldPartError:
            said = _said(value)
            if not said or is_of_a_library(_writer(kind)):
                raise
            return [_OBJECT, qualified_name(kind), *said]

    def _library_form(self, value: Any) -> Form:
        kind, said = type(value), _said(value)
        head = [_OBJECT, qualified_name(kind), *said]
        held = attributes(value, slots_of(kind.__mro__))
        if said and (package_of(kind) in sys.stdlib_module_names if held else not _may_hold(value)):
            # A `UserDict` says of what it holds no more than that does; a `torch.float16` holds nothing.
            return self._links.form(value, lambda: [*head, self._attributes(value)])
        # What else an object of a library says is made to be read: of a `RunnableLambda` without what its function
        # closes over, of an estimator without what it was fitted to, of a tensor or an Arrow table with numbers cut.
        if self._untold is None:
            raise UntoldPartError(kind)
        self._untold.append(value)
        return head if said else opaque(value)

    def _attributes(self, value: Any) -> Form:
        kind, asked = type(value), (*self._asked, "__call__")
        held = telling_attributes(value, asked)
        secrets = {
            name: each for name, each in attributes(value, slots_of(kind.__mro__)).items() if is_secret(name, each)
        }
        told: dict[str, Form] = {}
        for name, item in held.items():
            said = said_as_client(item, secrets | held)
            if said is None:
                told[name] = self._like((*self.active, value), asked_by(kind, asked, name)).form(item)
            elif said:  # made at the first call, as many are, it says nothing that the settings beside it do not
                told[name] = said
        return told

    def _like(self, active: tuple[Any, ...], asked: tuple[str, ...]) -> "PartForms":
        return PartForms(self.registry, active, asked=asked, untold=self._untold, links=self._links)


def telling_attributes(value: Any, asked: tuple[str, ...], /) -> dict[str, Any]:
    """Return the attributes by which an object counts, in the order of their names.

    Args:
        value: The object.
        asked: The methods by which it is asked; what it counts in them makes it no other.
    """
    kind = type(value)
    held = attributes(value, slots_of(kind.__mro__))
    telling = {name: held[name] for name in sorted(held.keys() - counts_of(value, held, asked))}
    return {
        name: item
        for name, item in telling.items()
        if not (item is None or isinstance(getattr(kind, name, None), cached_property))
        and not (is_secret(name, item) or changes_nothing(item))
    }


def said_as_client(value: Any, told: Mapping[str, Any], /) -> str | None:
    """Return a digest of what a client asks with and settings beside it don't say, "" for none; None if it is none.

    Args:
        value: Anything.
        told: The settings beside it, and its keys.
    """
    return said_by_client(value, told) if package_of(type(value)) in CARRIERS else None


def changes_nothing(value: Any, /) -> bool:
    """Say whether a value has no part in a model's answers, such as a lock or a handler."""
    kind = type(value)
    return package_of(kind) in TOOLS or is_ours(kind) or isinstance(value, HEARERS)


def blamed(value: Any, error: Exception, /) -> str:
    """Return the class of a value that has no form, and of what in it has none, as a message names them."""
    held = qualified_name(value.__class__)
    part = qualified_name(error.kind) if isinstance(error, NoContentError) else held
    return repr(held) if part == held else f"{held!r}, and in it a {part!r}"


def _said(value: Any) -> list[str]:
    """Return what an object says of itself; nothing where that is long or names an address, of itself or of a part."""
    text, parts = repr(value), attributes(value, slots_of(type(value).__mro__)).values()
    addresses = [f"{id(each):{base}}" for each in (value, *parts) for base in "xd"]
    is_short = len(text) < LONGEST_TEXT and not any(each in text.lower() for each in addresses)
    return [text] if is_short and not _ADDRESS.search(text) else []


def _may_hold(value: Any) -> bool:
    """Say whether an object may hold what is in no attribute of Python's: a function, or items."""
    return callable(value) or any(hasattr(type(value), name) for name in ("__getitem__", "__iter__", "__len__"))


def _writer(kind: type) -> type:
    """Return the class that says how an object of that kind is shown."""
    return next(each for each in kind.__mro__ if "__repr__" in vars(each))
