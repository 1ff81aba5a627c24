"""Text for a terminal. What comes out of a store is anybody's, so nothing in it may steer the terminal."""

from datetime import UTC, datetime

from beautyspot.durations import STEPS_S, duration_text
from beautyspot.sizes import bytes_text

__all__ = ["age_text", "bytes_text", "clean", "clean_line", "count_text", "duration_text"]
LINE_BREAKS = {"\n", "\t"}


def clean(text: str, /) -> str:
    """Return `text` with what isn't printable (escape codes, direction marks, half surrogates) spelled out."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in LINE_BREAKS else _spelled(each) for each in text)


def clean_line(text: str, /) -> str:
    """Return `clean(text)` as one line."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _spelled(each) for each in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode()


def count_text(number: int, noun: str, /) -> str:
    """Return how many there are of what `noun` names."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def age_text(time: datetime | None, /) -> str:
    """Return how long ago an aware `time` was."""
    if time is None:
        return "-"
    seconds = max(0.0, (datetime.now(UTC) - time).total_seconds())
    for unit_s, unit in STEPS_S:
        if seconds >= unit_s:
            return f"{seconds // unit_s:.0f}{unit} ago"
    return f"{seconds:.0f}s ago"
