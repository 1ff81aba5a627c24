"""Words and numbers that can be sent to a browser, whatever a value holds."""

from typing import Any

WRITTEN_BITS = 14_000
"""Of a whole number that Python surely writes in digits: it refuses more than 4 300 of them."""


def sendable(words: str, /) -> str:
    """Return `words` with halves of surrogate pairs, for which UTF-8 has no bytes, spelled out as `\\ud800` is."""
    return words.encode("utf-8", "backslashreplace").decode()


def integer_text(number: int, /) -> str:
    """Return a whole number in digits, and one of thousands of digits in hexadecimal ones."""
    try:
        return str(number)
    except ValueError:  # Python refuses what takes it time by the square of the digits
        return hex(number)


def repr_text(value: Any, /) -> str:
    """Return what Python writes for `value`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return integer_text(value)
    try:
        return sendable(repr(value))
    except (ValueError, RecursionError):  # a long number in it, or too many parts in parts
        return f"<{type(value).__name__}>"
