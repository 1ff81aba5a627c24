"""Fields whose answers are checked where they are given."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from beautyspot.errors import ConfigurationError

from beautyspot_dashboard.texts import plain, text

T = TypeVar("T")


def checked(
    key: str, label: str, read: Callable[[str], T], example: str, /, *, in_address: bool = False, width: int = 140
) -> T | None:
    """Return what `read` makes of an answer; None without one, and, with a word on it, of one that can't be read."""
    said = st.text_input(label, key=key, placeholder=example, width=width, bind="query-params" if in_address else None)
    if not said:
        return None
    try:
        return read(said)
    except ConfigurationError:  # its own words are English
        st.error(text("not_understood", said=plain(said), example=example))
        return None
