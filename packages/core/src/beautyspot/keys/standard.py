"""Forms of the standard library's values, found by name so that none of these modules is loaded for them."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false

from collections.abc import Callable
from typing import Any

from beautyspot.keys.canonical import Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.names import qualified_name


def _parts(name: str, parts: Callable[[Any], tuple[Any, ...]]) -> Maker:
    """Return a maker of `[name, …]` from the parts that a value is made of."""
    head = tag(name)
    return lambda canonical, value: [head, *forms(canonical, parts(value))]


def _text(name: str) -> Maker:
    head = tag(name)
    return lambda _, value: [head, str(value)]


def _path(flavour: str) -> Maker:
    # The path alone: a Path keeps its own text and hash in slots that fill as it is used.
    return _parts("path", lambda path: (flavour, str(path)))


_DATETIME, _TIME, _OFFSET, _ZONE = tag("datetime"), tag("time"), tag("offset"), tag("zone")
_DEFAULTDICT, _COUNTER, _ORDERED = tag("defaultdict"), tag("counter"), tag("ordered")


def _datetime(canonical: Canonical, value: Any) -> Form:
    return [_DATETIME, type(value).isoformat(value), value.fold, _zone(canonical, value)]


def _time(canonical: Canonical, value: Any) -> Form:
    return [_TIME, value.isoformat(), value.fold, _zone(canonical, value)]


def _zone(canonical: Canonical, moment: Any) -> Form:
    zone = moment.tzinfo
    try:
        return canonical.form(zone)
    except NoContentError:
        # A zone of another library (pytz, dateutil): the moment is told by its offset, the zone by class and name.
        return [_OFFSET, qualified_name(type(zone)), str(zone.utcoffset(moment)), str(zone)]


def _zone_info(_: Canonical, value: Any) -> Form:
    if value.key is None:
        raise NoContentError(type(value), "has no key")
    return [_ZONE, value.key]


def _defaultdict(canonical: Canonical, value: Any) -> Form:
    return [_DEFAULTDICT, canonical.form(value.default_factory), canonical.form(dict(dict.items(value)))]


def _counter(canonical: Canonical, value: Any) -> Form:
    return [_COUNTER, canonical.form(dict(dict.items(value)))]


def _ordered(canonical: Canonical, value: Any) -> Form:
    return [_ORDERED, *forms(canonical, [part for key in value for part in (key, dict.__getitem__(value, key))])]


STANDARD: dict[str, Maker] = {
    "builtins.ellipsis": _parts("ellipsis", lambda _: ()),
    "builtins.NotImplementedType": _parts("not implemented", lambda _: ()),
    "builtins.range": _parts("range", lambda value: (value.start, value.stop, value.step)),
    "builtins.slice": _parts("slice", lambda value: (value.start, value.stop, value.step)),
    "builtins.memoryview": _parts("memoryview", lambda value: (value.format, value.shape, value.tobytes())),
    "builtins.mappingproxy": _parts("mappingproxy", lambda value: (dict(value),)),
    "types.SimpleNamespace": _parts("namespace", lambda value: (vars(value),)),
    "array.array": _parts("array", lambda value: (value.typecode, value.tobytes())),
    "collections.Counter": _counter,
    "collections.OrderedDict": _ordered,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _parts("deque", lambda value: (value.maxlen, list(value))),
    "datetime.date": _text("date"),
    "datetime.datetime": _datetime,
    "datetime.time": _time,
    "datetime.timedelta": _parts("timedelta", lambda value: (value.days, value.seconds, value.microseconds)),
    "datetime.timezone": _parts("timezone", lambda value: (value.utcoffset(None), value.tzname(None))),
    "decimal.Decimal": _text("decimal"),
    "fractions.Fraction": _parts("fraction", lambda value: (value.numerator, value.denominator)),
    "ipaddress.IPv4Address": _text("ipv4"),
    "ipaddress.IPv4Interface": _text("ipv4 interface"),
    "ipaddress.IPv4Network": _text("ipv4 network"),
    "ipaddress.IPv6Address": _text("ipv6"),
    "ipaddress.IPv6Interface": _text("ipv6 interface"),
    "ipaddress.IPv6Network": _text("ipv6 network"),
    "operator.attrgetter": _parts("attrgetter", lambda value: value.__reduce__()[1:]),
    "operator.itemgetter": _parts("itemgetter", lambda value: value.__reduce__()[1:]),
    "operator.methodcaller": _parts("methodcaller", lambda value: value.__reduce__()),
    "pathlib.PosixPath": _path("posix"),
    "pathlib.PurePosixPath": _path("posix"),
    "pathlib.PureWindowsPath": _path("windows"),
    "pathlib.WindowsPath": _path("windows"),
    "re.Pattern": _parts("pattern", lambda value: (value.pattern, value.flags)),
    "uuid.UUID": _parts("uuid", lambda value: (value.int,)),
    "zoneinfo.ZoneInfo": _zone_info,
}
"""Makers by `module.qualname`."""
