"""The one form of a value that its key is made of.

A form is what msgpack packs without loss: plain values and lists stand for themselves, everything else is a list
that begins with a tag, an `ExtType` that no value's own form can be. So no two values of different content or type
share a form, and sets and dicts have one form whatever their order.
"""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
from collections import Counter, OrderedDict, defaultdict, deque

from msgpack import ExtType, Packer

from beautyspot.errors import UnkeyableArgument
from beautyspot.names import qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from beautyspot.keys.registry import KeyRegistry

Form: TypeAlias = "Any"
"""None, bool, int, str, bytes, float, or a list of forms, or a dict of forms under sorted strings."""

PLAIN = frozenset((str, int, bool, bytes, type(None)))
"""Exact types whose values are their own form; float is not among them because one NaN may differ from another."""

MEMOS = frozenset((list, dict, set, deque, Counter, defaultdict, OrderedDict))
"""What a function may remember something in, as a default of its own."""

_NUMBERS_TOO = PLAIN | {float}
_TEXT = frozenset((str,))
_NAN = float("nan")
_TAG, _BIG_INT = 1, 2
_KEPT_BUFFER_BYTES = 1 << 20
MOST_RECORDS = 4096
"""Records in a record, each as often as it is met; what holds more is told by digests, each object looked at once."""


class NoContentError(UnkeyableArgument):
    """Somewhere in an argument is a value without content; says which type, for the message that names the argument."""

    def __init__(self, kind: type, why: str = "has no content to make a key of") -> None:
        """Blame the type `kind`."""
        super().__init__(f"{qualified_name(kind)} {why}")
        self.kind, self.why = kind, why


class Spelled:
    """An argument that is given where it might be left out, and the default; told from that where they agree."""

    __slots__ = ("default", "value")

    def __init__(self, value: Any, default: Any) -> None:
        """Hold both."""
        self.value, self.default = value, default


class Missing:
    """What stands for a field that an object has not."""

    __slots__ = ()


def tag(name: str, /) -> ExtType:
    """Return what the form of a kind of value begins with."""
    return ExtType(_TAG, name.encode())


class Canonical:
    """Makes forms, with the classes that a registry knows. Safe to share between threads."""

    __slots__ = ("active", "registry")
    takes_any = False
    """Whether it also makes a form of what has no content."""

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...] = ()) -> None:
        """Make forms; `active` are the functions whose forms are being made around these."""
        self.registry, self.active = registry, active

    def within(self, thing: Any, /) -> Canonical:
        """Return one like this for what is in a function or class, whose own form is being made."""
        return Canonical(self.registry, (*self.active, thing))

    def form(self, value: Any, /) -> Form:
        """Return the form of `value`.

        Raises:
            NoContentError: it, or something in it, has no content.
            RecursionError: it holds itself.
        """
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is float:
            return value if value == value else _NAN  # a NaN is what differs from itself
        try:
            make = CORE.get(kind) or self.registry.resolved.get(kind)
            if make is None:
                make = self._resolve(kind)
            return make(self, value)
        except (UnkeyableArgument, RecursionError, ValueError):  # a `ValueError` is what `pack` raises, too
            raise
        except Exception as error:  # the user's object is asked, and may raise anything
            raise NoContentError(kind, f"raised {type(error).__name__} when it was looked at") from error

    def each(self, items: list[Any], /) -> list[Form]:
        """Return the forms of what lies in a record; raises what `form` does."""
        if type(self) is not Canonical:
            return list(map(self.form, items))
        try:
            return list(map(_Counted(self.registry, self.active, [MOST_RECORDS]).form, items))
        except _TooManyError:
            from beautyspot.keys.folded import Folded  # few records hold so much

            return list(map(Folded(self.registry, self.active).form, items))

    def _resolve(self, kind: type) -> Maker:
        from beautyspot.keys.resolve import maker_for  # most calls hold nothing but the types of CORE

        make = self.registry.resolved[kind] = maker_for(kind, self.registry)
        return make


class _TooManyError(BaseException):
    """More records were met than `MOST_RECORDS`; no error of a value, so nothing takes it for one."""


class _Counted(Canonical):
    """Makes the forms within one record, until more than `MOST_RECORDS` were met there."""

    __slots__ = ("_left",)

    def __init__(self, registry: KeyRegistry, active: tuple[Any, ...], left: list[int]) -> None:
        self.registry, self.active, self._left = registry, active, left

    def within(self, thing: Any, /) -> _Counted:
        return _Counted(self.registry, (*self.active, thing), self._left)

    def each(self, items: list[Any], /) -> list[Form]:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise _TooManyError
        return list(map(self.form, items))


Maker: TypeAlias = "Callable[[Canonical, Any], Form]"
"""Makes the form of a value of the types that it is kept for."""

_packers: list[Packer] = []


def pack(form: Form, /) -> bytes:
    """Return a form as bytes.

    Raises:
        ValueError: it is nested deeper than msgpack goes (about 500 levels).
    """
    # A Packer must not be shared while it packs. Taking one from a list is one step under the GIL, survives a fork
    # and a signal handler, and costs half of a new one; one that raised is never put back.
    try:
        packer = _packers.pop()
    except IndexError:
        packer = Packer(default=_pack_big_int, unicode_errors="surrogatepass")
    data = packer.pack(form)
    if len(data) < _KEPT_BUFFER_BYTES:
        _packers.append(packer)
    return data


def _pack_big_int(number: int) -> ExtType:
    return ExtType(_BIG_INT, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def forms(canonical: Canonical, values: Iterable[Any], /) -> list[Form]:
    """Return the forms of `values` in their order."""
    items = list(values)
    kinds = frozenset(map(type, items))
    if kinds <= PLAIN:
        return items
    if kinds <= _NUMBERS_TOO:
        return [item if item == item else _NAN for item in items]  # as in `form`
    return [canonical.form(item) for item in items]


def sorted_forms(canonical: Canonical, values: Iterable[Any], /) -> list[bytes]:
    """Return the packed forms of `values` in an order of their own."""
    return sorted([pack(canonical.form(value)) for value in values])


def _float(value: float) -> Form:
    return value if value == value else _NAN


def _list(canonical: Canonical, value: list[Any]) -> Form:
    return forms(canonical, list.__iter__(value))


_TUPLE, _SET, _FROZENSET, _DICT = tag("tuple"), tag("set"), tag("frozenset"), tag("dict")
_BYTEARRAY, _COMPLEX, _SPELLED, _MISSING = tag("bytearray"), tag("complex"), tag("spelled"), tag("missing")


def _tuple(canonical: Canonical, value: tuple[Any, ...]) -> Form:
    return [_TUPLE, *forms(canonical, tuple.__iter__(value))]


def _dict(canonical: Canonical, value: dict[Any, Any]) -> Form:
    form = canonical.form
    content = value if type(value) is dict else dict(dict.items(value))
    if _TEXT.issuperset(map(type, content)):
        return {name: item if type(item := content[name]) in PLAIN else form(item) for name in sorted(content)}
    # Packed keys sort by their bytes, as keys of several types have no order of their own.
    pairs = sorted([(pack(form(key)), form(item)) for key, item in content.items()], key=_first)
    return [_DICT, *(part for pair in pairs for part in pair)]


def _first(pair: tuple[bytes, Form]) -> bytes:
    return pair[0]


def _set(canonical: Canonical, value: set[Any]) -> Form:
    return [_SET, *sorted_forms(canonical, set.__iter__(value))]


def _frozenset(canonical: Canonical, value: frozenset[Any]) -> Form:
    return [_FROZENSET, *sorted_forms(canonical, frozenset.__iter__(value))]


def _bytearray(_: Canonical, value: bytearray) -> Form:
    return [_BYTEARRAY, bytes(memoryview(value))]


def _complex(_: Canonical, value: complex) -> Form:
    plain = complex.__complex__(value)
    return [_COMPLEX, _float(plain.real), _float(plain.imag)]


def _spelled(canonical: Canonical, value: Spelled) -> Form:
    form = canonical.form(value.value)
    try:
        is_default = pack(form) == pack(canonical.form(value.default))
    except (
        NoContentError,
        RecursionError,
        ValueError,
    ):  # the default's alone, or the whole call is refused for its own
        is_default = False
    return [_SPELLED, form] if is_default else form


# Methods of the builtin class itself: those of a subclass are the user's and may say anything.
CORE: dict[type, Maker] = {
    str: lambda _, value: str.__str__(value),
    int: lambda _, value: int.__int__(value),
    bytes: lambda _, value: bytes(memoryview(value)),
    float: lambda _, value: _float(float.__float__(value)),
    complex: _complex,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _frozenset,
    bytearray: _bytearray,
    Spelled: _spelled,
    Missing: lambda _canonical, _value: [_MISSING],
}
"""Builtin types, met too often to be looked for, and our own."""
