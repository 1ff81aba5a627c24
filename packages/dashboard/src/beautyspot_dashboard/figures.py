"""Figures as people read them."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from beautyspot import durations
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.texts import text

__all__ = [
    "bytes_text",
    "count_text",
    "duration_text",
    "money_text",
    "number_text",
    "short_names",
    "time_text",
    "zone_name",
]


def count_text(number: int, /) -> str:
    """Return a whole number with its thousands apart, and from a million on in millions."""
    if abs(number) < 1_000_000:
        return f"{number:,}"
    return f"{number / 1e6:.3g} M" if abs(number) < 1e9 else f"{number / 1e9:.3g} G"


def number_text(number: float, /) -> str:
    """Return a number with its thousands apart, and no more digits behind the point than it has."""
    return f"{number:,.10g}"


def money_text(amount: float, /) -> str:
    """Return an amount to the hundredth, and a smaller one to its third digit: a call may cost 0.00001."""
    digits = 2 if not amount or abs(amount) >= 1 else 2 - math.floor(math.log10(abs(amount)))
    whole, point, rest = f"{amount:,.{digits}f}".partition(".")
    return f"{whole}{point}{rest[:2]}{rest[2:].rstrip('0')}"


def short_names(names: Sequence[str], /) -> list[str]:
    """Return what is left of each name without its module, where that still tells all of them apart."""
    tails = {name: name.rpartition(".")[2] for name in names}
    count = Counter(tails.values())  # of distinct names, however often each comes
    return [tails[name] if count[tails[name]] == 1 else name for name in names]


def duration_text(seconds: float | None, /) -> str:
    """Return a span of time in its largest fitting unit; a dash for None."""
    if seconds is None:
        return "-"
    number, unit = durations.duration_text(seconds).split(" ")
    return f"{number} {text(f'unit_{unit}')}"


def time_text(time: datetime, /) -> str:
    """Return an aware time in the browser's zone, to the second, as tables do."""
    return f"{time.astimezone(_zone()):%Y-%m-%d %H:%M:%S}"


def zone_name() -> str:
    """Return the browser's zone, which all times are shown in."""
    return st.context.timezone or "UTC"


def _zone() -> tzinfo:
    try:
        return ZoneInfo(zone_name())
    except (ZoneInfoNotFoundError, ValueError):  # this machine has no list of zones, or not that one
        return timezone(-timedelta(minutes=st.context.timezone_offset or 0))
