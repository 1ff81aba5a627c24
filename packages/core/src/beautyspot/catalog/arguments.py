"""What a catalog is asked by, looked at before a database is: each of these refuses other types in words of its own."""

from beautyspot.checks import expect

LARGEST = 2**63 - 1
"""What a database's column of whole numbers holds."""


def expect_texts(**given: object) -> None:
    """Refuse arguments that are neither None nor a text that a database can be asked for.

    Raises:
        ConfigurationError: one is of another type, or holds half a surrogate.
    """
    for name, value in given.items():
        expect(value is None or (isinstance(value, str) and _is_unicode(value)), name, value, "a text, or None")


def expect_numbers(**given: object) -> None:
    """Refuse arguments that are neither None nor whole numbers from 0 up to `LARGEST`.

    Raises:
        ConfigurationError: one is.
    """
    for name, value in given.items():
        is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
        expect(value is None or is_number, name, value, f"a whole number from 0 to {LARGEST}, or None")


def expect_flags(**given: object) -> None:
    """Refuse arguments that are not True, False or None.

    Raises:
        ConfigurationError: one is.
    """
    for name, value in given.items():
        expect(value is None or isinstance(value, bool), name, value, "True or False")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
