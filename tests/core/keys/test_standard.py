"""Values of the standard library: a subclass is told by what its base holds, not by what it shows of that."""

import array
import collections
import datetime
import decimal
import fractions
import io
import ipaddress
import os
import pathlib
import time
import zoneinfo
from collections.abc import Callable
from typing import Any

import dateutil.tz
import pandas as pd
import pytest
from beautyspot.errors import UnkeyableArgument
from beautyspot.keys import KeyRegistry
from beautyspot.keys.canonical import Canonical, pack


def key(value: Any, registry: KeyRegistry | None = None) -> bytes:
    return pack(Canonical(registry or KeyRegistry()).form(value))


def silent(base: Any, **shown: Any) -> Any:
    """Return a subclass that shows the same of all its values."""

    def same(_: Any) -> str:
        return "the same"

    def showing(it: Any) -> property:
        return property(lambda _: it)

    names = ("__str__", "__repr__", "__fspath__", "isoformat", "tobytes", "as_integer_ratio", "__iter__")
    properties = {name: showing(it) for name, it in shown.items()}
    return type("Silent", (base,), {**dict.fromkeys(names, same), **properties})


Moment, Clock = silent(datetime.datetime, fold=0, tzinfo=None), silent(datetime.time, fold=0, tzinfo=None)
Day, Span = silent(datetime.date), silent(datetime.timedelta, days=0, seconds=0, microseconds=0)
Money, Share = silent(decimal.Decimal), silent(fractions.Fraction, numerator=1, denominator=1)
Address, Network = silent(ipaddress.IPv4Address), silent(ipaddress.IPv6Network)
Row, Bytes = silent(collections.deque), silent(array.array)
Default = silent(collections.defaultdict, default_factory=None)

MAKERS: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (lambda day: Day(2024, 1, day), 1, 31),
    (lambda day: Moment(2024, 1, day), 1, 31),
    (lambda fold: Moment(2024, 1, 1, fold=fold), 0, 1),
    (lambda zone: Moment(2024, 1, 1, tzinfo=zone), None, datetime.UTC),
    (lambda hour: Clock(hour), 1, 2),
    (lambda zone: Clock(1, tzinfo=zone), None, datetime.UTC),
    (lambda days: Span(days), 1, 2),
    (Money, "1.234", "1.231"),
    (Share, "1/3", "2/3"),
    (Address, "10.0.0.1", "10.0.0.2"),
    (Network, "::/64", "::/65"),
    (silent(pathlib.PurePosixPath), "a/x", "b/x"),
    (silent(type(pathlib.Path())), "a/x", "b/x"),
    (Row, [1], [2]),
    (lambda number: Bytes("i", [number]), 1, 2),
    (silent(collections.OrderedDict), {"a": 1}, {"b": 1}),
    (lambda factory: Default(factory, a=1), int, str),
    (silent(complex, real=0.0, imag=0.0), 1j, 2j),
]


@pytest.mark.parametrize(("make", "one", "two"), MAKERS)
def test_a_subclass_is_told_by_its_content_whatever_it_shows(make: Any, one: Any, two: Any):
    assert key(make(one)) == key(make(one)) != key(make(two))


class Zone(datetime.tzinfo):
    def __init__(self, hours: int, note: Any = None) -> None:
        self.hours, self.note = hours, note

    def utcoffset(self, dt: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(hours=self.hours)

    def dst(self, dt: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta(0)

    def tzname(self, dt: datetime.datetime | None) -> str:
        return "x"


class Other(Zone):
    pass


def kept_in(zone: Any) -> list[Any]:
    """Return whatever may hold a zone, all of one moment."""
    moment = datetime.datetime(2024, 1, 1, tzinfo=zone)
    column = pd.Series([datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)]).dt.tz_convert(zone)
    return [moment, moment.timetz(), pd.Timestamp(moment), column, column.dtype]


@pytest.mark.parametrize("place", range(5))
def test_a_zone_that_prints_only_an_address_is_told_by_its_class_and_attributes(place: int):
    def at(zone: Any) -> bytes:
        return key(kept_in(zone)[place])

    assert at(Zone(1)) == at(Zone(1)) not in (at(Zone(2)), at(Zone(1, "summer")), at(Other(1)))


@pytest.mark.parametrize("place", range(5))
def test_a_zone_without_content_is_refused_until_its_class_is_registered(place: int):
    zone, registry = Zone(1, object()), KeyRegistry()
    with pytest.raises(UnkeyableArgument, match="no content"):
        key(kept_in(zone)[place], registry)
    registry.register(Zone, lambda zone: zone.hours)
    assert key(kept_in(zone)[place], registry) == key(kept_in(Zone(1, object()))[place], registry)


def test_a_zone_whose_text_holds_an_address_is_refused():
    path = next(pathlib.Path(folder) / "UTC" for folder in zoneinfo.TZPATH if os.path.exists(f"{folder}/UTC"))  # noqa: PTH110
    zone = zoneinfo.ZoneInfo.from_file(io.BytesIO(path.read_bytes()))
    with pytest.raises(UnkeyableArgument, match="ZoneInfo has no"):
        key(datetime.datetime(2024, 1, 1, tzinfo=zone))


def test_a_time_of_the_day_may_have_a_zone_that_needs_a_date():
    one, two = dateutil.tz.gettz("Europe/Berlin"), dateutil.tz.gettz("Asia/Tokyo")
    assert key(datetime.time(1, tzinfo=one)) == key(datetime.time(1, tzinfo=one)) != key(datetime.time(1, tzinfo=two))


def test_what_lies_beside_the_tuple_of_a_structure_counts(tmp_path: pathlib.Path):
    path = tmp_path / "a"
    path.touch()
    stats: list[os.stat_result] = []
    for nanoseconds in (1, 2):
        os.utime(path, ns=(nanoseconds, nanoseconds))
        stats.append(path.stat())
    assert key(stats[0]) != key(stats[1]) == key(path.stat())
    assert key(time.gmtime(0)) == key(time.gmtime(0)) != key(time.struct_time(tuple(time.gmtime(0))))
