"""Dates, times and time zones."""

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from beautyspot.serializers.refusals import Refusal

ZONE_KEY = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


def encode_datetime(value: datetime) -> list[Any]:
    """The parts of its date, then those of its time."""
    return [*encode_date(value), *encode_time(value.timetz())]


def decode_datetime(parts: list[Any], _: Any) -> datetime:
    """See `encode_datetime`."""
    *fields, fold, zone = parts
    year, month, day, hour, minute, second, microsecond = fields
    return datetime(year, month, day, hour, minute, second, microsecond, zone, fold=fold)


def encode_date(value: date) -> list[Any]:
    """Its fields."""
    return [value.year, value.month, value.day]


def decode_date(parts: list[Any], _: Any) -> date:
    """See `encode_date`."""
    year, month, day = parts
    return date(year, month, day)


def encode_time(value: time) -> list[Any]:
    """Its fields, fold and zone."""
    return [value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def decode_time(parts: list[Any], _: Any) -> time:
    """See `encode_time`."""
    hour, minute, second, microsecond, fold, zone = parts
    return time(hour, minute, second, microsecond, zone, fold=fold)


def encode_timedelta(value: timedelta) -> list[Any]:
    """Days, seconds and microseconds."""
    return [value.days, value.seconds, value.microseconds]


def decode_timedelta(parts: list[Any], _: Any) -> timedelta:
    """See `encode_timedelta`."""
    days, seconds, microseconds = parts
    return timedelta(days, seconds, microseconds)


def encode_timezone(value: timezone) -> list[Any]:
    """Its offset and, if it was given one, its name."""
    # No public attribute tells a given name from the one made of the offset.
    return list(value.__getinitargs__())  # type: ignore[attr-defined]


def decode_timezone(parts: list[Any], _: Any) -> timezone:
    """See `encode_timezone`."""
    return timezone(*parts)


def encode_zone(zone: Any) -> list[Any]:
    """Its key."""
    if zone.key is None:
        raise Refusal(
            zone, "it was read from a file and has no key; expected a named zone; use ZoneInfo('Europe/Berlin')"
        )
    return [zone.key]


def decode_zone(parts: list[Any], _: Any) -> Any:
    """See `encode_zone`."""
    from zoneinfo import ZoneInfo  # 3 ms

    (key,) = parts
    # ZoneInfo imports a package under `tzdata.zoneinfo` by the key's folders, so no dot may pass.
    if ZONE_KEY.fullmatch(key) is None:
        raise ValueError(f"not a time zone: {key!r}")
    return ZoneInfo(key)
