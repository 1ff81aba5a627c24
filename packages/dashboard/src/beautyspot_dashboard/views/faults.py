"""What a view says of content that it can't show."""

import traceback

import streamlit as st

from beautyspot_dashboard.texts import plain, text


class NotThatKindError(ValueError):
    """The content is not what its content type says; the message is the library's own reason."""


def say_undrawn(name: str, error: Exception, /) -> None:
    """Say the text `name` of what a value made of the code that should draw it; the terminal has the traceback."""
    traceback.print_exception(error)
    st.warning(text(name, kind=plain(type(error).__name__)))
