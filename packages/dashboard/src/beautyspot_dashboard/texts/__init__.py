"""What the pages say, in English and Japanese."""

from string import Formatter
from typing import Any

import streamlit as st

from beautyspot_dashboard.texts import english, japanese

LANGUAGES = {"English": "en", "日本語": "ja"}
NAMES = {code: name for name, code in LANGUAGES.items()}
TEXTS = {"en": english.TEXTS, "ja": japanese.TEXTS}
PARAMETER = "lang"
MARKS = frozenset("\\`*_{}[]()<>#+-.!|~$:=^&@/\"'")
"""Everything that Markdown, and Streamlit's own additions to it, may take for something else."""

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that change the direction of the letters after them. Source: Unicode Standard Annex 9, section 2."""


class Counting(Formatter):
    """Formats as `str.format` does, and `{count:result|results}` as a number with the word that fits it."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return `value` as `format_spec` has it."""
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return f"{value} {one if str(value) == '1' else many}"


_counting = Counting()


def language() -> str:
    """Return the language that the address names, else the browser's own."""
    return LANGUAGES.get(st.query_params.get(PARAMETER, "")) or browser_language()


def browser_language() -> str:
    """Return the browser's first language if it is known here, else `en`."""
    named = (st.context.locale or "en").partition("-")[0]
    return named if named in NAMES else "en"


def text(name: str, /, **values: object) -> str:
    """Return what is said under `name`, with `values` in its places; values are put in as they are, not escaped."""
    return _counting.format(TEXTS[language()][name], **values)


def word(family: str, value: str, /) -> str:
    """Return what is said for one of a known set, and of a value that another program made up the value itself."""
    return TEXTS[language()].get(f"{family}_{value}", value)


def plain(words: object, /) -> str:
    """Return what came out of a store so that Markdown shows it letter for letter, and in its place.

    Blanks at its start would make a block of code of it and of what follows, and marks of direction turn around what
    stands beside it: they are spelled out.
    """
    said = str(words).replace("\n", " ")
    blanks = len(said) - len(said.lstrip())
    return "\N{NO-BREAK SPACE}" * blanks + "".join(map(_plain, said[blanks:]))


def _plain(letter: str) -> str:
    if letter in DIRECTIONS:
        return f"\\\\u{ord(letter):04x}"
    return f"\\{letter}" if letter in MARKS else letter
