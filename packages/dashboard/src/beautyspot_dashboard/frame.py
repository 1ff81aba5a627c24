"""What is around every page: where one is, and what to do when the store can't be read."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from beautyspot.errors import BeautySpotError

from beautyspot_dashboard import place
from beautyspot_dashboard.texts import text


@contextmanager
def page_frame() -> Iterator[None]:
    """Run a page within the frame; an error of the store becomes what to do about it."""
    try:
        shown = place.current()
        shown.catalog()
        yield
    except BeautySpotError as error:
        trouble(error)


def trouble(error: BeautySpotError, /) -> None:
    """Say what was met and what to do next; our messages have both, with a semicolon between."""
    what, _, next_step = str(error).rpartition("; ")
    st.subheader(text("cannot_read"))
    st.code(what or next_step, language=None, wrap_lines=True)
    if what:
        st.write(f"**{text('what_next')}**")
        st.code(next_step, language=None, wrap_lines=True)
    st.button(text("try_again"), key="try_again")
