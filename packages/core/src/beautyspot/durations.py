"""Spans of time as people write and read them: 90, "15m", "7d", timedelta(hours=1)."""

import math
from datetime import timedelta

from beautyspot.checks import shown
from beautyspot.errors import ConfigurationError

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
STEPS_S = ((86_400, "d"), (3600, "h"), (60, "min"))
"""Units that a span is told in, the largest first; below them come seconds and parts of one."""

Duration = timedelta | float | str
"""A timedelta, a number of seconds, or a number with one of the units s, m, h, d, w."""


LONGEST_DAYS = 365_000
"""A thousand years: `datetime`, in which ages and ends are written, knows the years 1 to 9999."""


def seconds(duration: Duration, name: str | None = None, /, *, from_0: bool = False) -> float:
    """Return `duration` in seconds, above 0.

    Args:
        name: Of the argument, for errors.
        from_0: Whether 0 will do.

    Raises:
        ConfigurationError: `duration` is not a positive, finite span of time, or longer than `LONGEST_DAYS`.
    """
    where = "" if name is None else f"{name} is "
    number = _number(duration)
    if not (math.isfinite(number) and (number > 0 or (from_0 and number == 0))) or isinstance(duration, bool):
        ways = "or" if isinstance(duration, str) else "a timedelta, or"  # a command line takes no other than text
        raise ConfigurationError(
            f"{where}not a span of time: {shown(duration)}; give seconds above 0, {ways} text like '7d'"
        )
    if number > LONGEST_DAYS * UNITS_S["d"]:
        raise ConfigurationError(f"{where}too long a span of time: {shown(duration)}; give at most '{LONGEST_DAYS}d'")
    return number


def duration_text(seconds: float, /) -> str:
    """Return a span of time in its largest fitting unit."""
    for unit_s, unit in STEPS_S:
        if seconds >= unit_s:
            return f"{seconds / unit_s:.1f} {unit}"
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms" if seconds >= 0.001 else f"{seconds * 1e6:.3g} µs"


def _number(duration: Duration) -> float:
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    try:
        if isinstance(duration, str):
            text = duration.strip()
            return float(text[:-1]) * UNITS_S[text[-1]] if text[-1:] in UNITS_S else float(text)
        return float(duration)
    except (TypeError, ValueError, OverflowError):
        return math.nan
