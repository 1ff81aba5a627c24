"""Fields whose answers are checked where they are given."""

import unicodedata
from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from beautyspot.errors import ConfigurationError

from beautyspot_dashboard.texts import plain, text

T = TypeVar("T")
UNITS = {"週間": "w", "日": "d", "時間": "h", "分": "m", "秒": "s"}


def checked(
    key: str, label: str, read: Callable[[str], T], example: str, /, *, in_address: bool = False, width: int = 140
) -> T | None:
    """Return what `read` makes of an answer; None without one, and, with a word on it, of one that can't be read."""
    said = st.text_input(label, key=key, placeholder=example, width=width, bind="query-params" if in_address else None)
    if not said:
        return None
    try:
        return read(typed(said))
    except ConfigurationError:  # its own words are English
        st.error(text("not_understood", said=plain(said), example=example))
        return None


def typed(said: str, /) -> str:
    """Return an age or a size as the library reads it, typed with full-width digits or units of Japanese as well."""
    words = unicodedata.normalize("NFKC", said)
    for unit, letter in UNITS.items():
        words = words.replace(unit, letter)
    return words
