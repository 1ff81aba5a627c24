"""Text and Markdown."""

import streamlit as st
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.figures import count_text
from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.shown import TEXT_BYTES, Shown

LANGUAGES = {"text/x-python": "python", "text/css": "css", "text/javascript": "javascript", "application/sql": "sql"}
COLOURED = 50_000
"""Letters that get colours: they stop the browser for 1 s, and 800 000 for half a minute."""


def show_text(shown: Shown, /) -> None:
    """Show text letter for letter."""
    show_code(shown.text(), LANGUAGES.get(shown.kind))
    say_if_cut(shown)


def show_code(words: str, language: str | None, /) -> None:
    """Show `words` letter for letter, and in the colours of `language` unless a browser would stand still for them."""
    is_long = language is not None and len(words) > COLOURED
    if is_long:
        st.caption(text("uncoloured", most=count_text(COLOURED)))
    st.code(words, language=None if is_long else language, wrap_lines=True)


def show_markdown(shown: Shown, /) -> None:
    """Show Markdown; HTML in it stays text, and its pictures from elsewhere are not fetched."""
    with st.container(border=True):
        st.markdown(shown.text())
    say_if_cut(shown)


def say_if_cut(shown: Shown, /) -> None:
    """Say that there is more."""
    if shown.is_cut and shown.content is not None:
        st.caption(text("cut", shown=bytes_text(TEXT_BYTES), size=bytes_text(shown.content.size_bytes)))
