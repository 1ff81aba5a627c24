"""Forms of the standard library's values, found by name so that none of these modules is loaded for them."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false

from collections.abc import Callable
from typing import Any, TypeAlias

from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.canonical import Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.names import qualified_name

Making: TypeAlias = Callable[[Any], Maker]
"""Makes a maker from the very class: it is asked, as a subclass's methods are the user's and may say anything."""

_DATETIME, _TIME, _OFFSET, _ZONE = tag("datetime"), tag("time"), tag("offset"), tag("zone")
_DEFAULTDICT, _COUNTER, _ORDERED = tag("defaultdict"), tag("counter"), tag("ordered")
_ADDRESS = " at 0x"


def _parts(name: str, parts: Callable[[Any, Any], tuple[Any, ...]]) -> Making:
    """Return what makes `[name, …]` from the parts that a class says its value is made of."""
    head = tag(name)
    return lambda kind: lambda canonical, value: [head, *forms(canonical, parts(kind, value))]


def _text(name: str) -> Making:
    # Not by `str(kind, …)`, nor by `os.fspath`, which ask the value.
    return _parts(name, lambda kind, value: (kind.__str__(value),))


def _path(flavour: str) -> Making:
    # The path alone: a Path keeps its own text and hash in slots that fill as it is used.
    return _parts("path", lambda kind, value: (flavour, kind.__str__(value)))


def _moment(head: Form) -> Making:
    def making(kind: Any) -> Maker:
        fold, zone = kind.fold.__get__, kind.tzinfo.__get__

        def form(canonical: Canonical, value: Any) -> Form:
            return [head, kind.isoformat(value), fold(value), _zone(canonical, zone(value), kind, value)]

        return form

    return making


def _zone(canonical: Canonical, zone: Any, kind: Any, moment: Any) -> Form:
    try:
        return canonical.form(zone)
    except NoContentError:
        # A zone of another library (pytz, dateutil): the moment is told by its offset, the zone by class and name.
        return [_OFFSET, qualified_name(type(zone)), str(kind.utcoffset(moment)), zone_form(canonical, zone)]


def zone_form(canonical: Canonical, zone: Any, /) -> Form:
    """Return what a zone prints, or the forms of its class and attributes where that prints nothing of its own.

    Raises:
        NoContentError: an address is printed, or an attribute has no content.
    """
    kind = type(zone)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        return [canonical.form(kind), canonical.form(attributes(zone, slots_of(kind.__mro__)))]
    text = str(zone)
    if _ADDRESS in text:
        raise NoContentError(kind)
    return text


def _span(kind: Any, value: Any) -> tuple[Any, ...]:
    return kind.days.__get__(value), kind.seconds.__get__(value), kind.microseconds.__get__(value)


def _zone_info(kind: Any) -> Maker:
    def form(_: Canonical, value: Any) -> Form:
        key = kind.key.__get__(value)
        if key is None:
            raise NoContentError(type(value), "has no key")
        return [_ZONE, key]

    return form


def _defaultdict(kind: Any) -> Maker:
    factory = kind.default_factory.__get__
    return lambda canonical, value: [_DEFAULTDICT, *map(canonical.form, (factory(value), dict(dict.items(value))))]


def _counter(_: Any) -> Maker:
    return lambda canonical, value: [_COUNTER, canonical.form(dict(dict.items(value)))]


def _ordered(kind: Any) -> Maker:
    def form(canonical: Canonical, value: Any) -> Form:
        keys = kind.__iter__(value)
        return [_ORDERED, *forms(canonical, [part for key in keys for part in (key, dict.__getitem__(value, key))])]

    return form


STANDARD: dict[str, Making] = {
    "builtins.ellipsis": _parts("ellipsis", lambda *_: ()),
    "builtins.NotImplementedType": _parts("not implemented", lambda *_: ()),
    "builtins.range": _parts("range", lambda _, value: (value.start, value.stop, value.step)),
    "builtins.slice": _parts("slice", lambda _, value: (value.start, value.stop, value.step)),
    "builtins.memoryview": _parts("memoryview", lambda _, value: (value.format, value.shape, value.tobytes())),
    "builtins.mappingproxy": _parts("mappingproxy", lambda _, value: (dict(value),)),
    "types.SimpleNamespace": _parts("namespace", lambda _, value: (vars(value),)),
    "argparse.Namespace": _parts("arguments", lambda _, value: (vars(value),)),
    "array.array": _parts("array", lambda kind, value: (kind.typecode.__get__(value), kind.tobytes(value))),
    "collections.Counter": _counter,
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _parts("deque", lambda kind, value: (kind.maxlen.__get__(value), list(kind.__iter__(value)))),
    "datetime.date": _parts("date", lambda kind, value: (kind.isoformat(value),)),
    "datetime.datetime": _moment(_DATETIME),
    "datetime.time": _moment(_TIME),
    "datetime.timedelta": _parts("timedelta", _span),
    "datetime.timezone": _parts("timezone", lambda _, value: (value.utcoffset(None), value.tzname(None))),
    "decimal.Decimal": _text("decimal"),
    "fractions.Fraction": _parts("fraction", lambda kind, value: kind.as_integer_ratio(value)),
    "ipaddress.IPv4Address": _text("ipv4"),
    "ipaddress.IPv4Interface": _text("ipv4 interface"),
    "ipaddress.IPv4Network": _text("ipv4 network"),
    "ipaddress.IPv6Address": _text("ipv6"),
    "ipaddress.IPv6Interface": _text("ipv6 interface"),
    "ipaddress.IPv6Network": _text("ipv6 network"),
    "operator.attrgetter": _parts("attrgetter", lambda _, value: value.__reduce__()[1:]),
    "operator.itemgetter": _parts("itemgetter", lambda _, value: value.__reduce__()[1:]),
    "operator.methodcaller": _parts("methodcaller", lambda _, value: value.__reduce__()),
    "os.stat_result": _parts("stat", lambda _, value: value.__reduce__()[1]),
    "pathlib.PosixPath": _path("posix"),
    "pathlib.PurePosixPath": _path("posix"),
    "pathlib.PureWindowsPath": _path("windows"),
    "pathlib.WindowsPath": _path("windows"),
    "re.Pattern": _parts("pattern", lambda _, value: (value.pattern, value.flags)),
    "string.Template": _parts("template", lambda _, value: (vars(value),)),
    "time.struct_time": _parts("struct time", lambda _, value: value.__reduce__()[1]),
    "uuid.UUID": _parts("uuid", lambda _, value: (value.int,)),
    "zoneinfo.ZoneInfo": _zone_info,
}
"""What makes makers, by `module.qualname`."""
