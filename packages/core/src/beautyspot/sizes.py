"""Sizes as people read and write them: 4_000_000, "500 MB", "5GB", "2GiB"."""

import math

from beautyspot.checks import shown
from beautyspot.errors import ConfigurationError

UNITS = ("B", "kB", "MB", "GB", "TB")
BYTES = {name.lower(): 1000**power for power, name in enumerate(UNITS)} | {
    name: 1024**power for power, name in enumerate(("kib", "mib", "gib", "tib"), 1)
}

Size = int | str
"""A number of bytes, or a number with one of the units B, kB, MB, GB, TB (of 1000) and KiB, MiB, GiB, TiB (of 1024)."""


def bytes_text(size_bytes: float, /) -> str:
    """Return a size with its unit, 1 kB being 1000 B."""
    for unit in UNITS[:-1]:
        if size_bytes < 999.5:
            return f"{size_bytes:.0f} {unit}" if unit == "B" or size_bytes >= 100 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} {UNITS[-1]}"


def bytes_of(size: Size, /) -> int:
    """Return `size` in bytes, from 0.

    Raises:
        ConfigurationError: it is no size.
    """
    number = _number(size)
    if not (math.isfinite(number) and number >= 0) or isinstance(size, bool):
        raise ConfigurationError(
            f"not a size: {shown(size)}; give a number of bytes from 0, or text like '5GB' or '500MB'"
        )
    return int(number)


def _number(size: Size) -> float:
    try:
        if isinstance(size, str):
            figure = size.strip().rstrip("abegikmtABEGIKMT")
            unit = size.strip()[len(figure) :].lower()
            return float(figure) * BYTES[unit or "b"]
        return float(size)
    except (TypeError, ValueError, KeyError, OverflowError):
        return math.nan
