"""Text and Markdown."""

import streamlit as st
from beautyspot.sizes import bytes_text

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.shown import TEXT_BYTES, Shown

LANGUAGES = {"text/x-python": "python", "text/css": "css", "text/javascript": "javascript", "application/sql": "sql"}


def show_text(shown: Shown, /) -> None:
    """Show text letter for letter."""
    st.code(shown.text(), language=LANGUAGES.get(shown.kind), wrap_lines=True)
    say_if_cut(shown)


def show_markdown(shown: Shown, /) -> None:
    """Show Markdown; HTML in it stays text, and its pictures from elsewhere are not fetched."""
    with st.container(border=True):
        st.markdown(shown.text())
    say_if_cut(shown)


def say_if_cut(shown: Shown, /) -> None:
    """Say that there is more."""
    if shown.is_cut and shown.content is not None:
        st.caption(text("cut", shown=bytes_text(TEXT_BYTES), size=bytes_text(shown.content.size_bytes)))
