"""Progress of a work, and the question before it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st
from beautyspot.errors import BeautySpotError

from beautyspot_dashboard.figures import count_text
from beautyspot_dashboard.headings import say_if_foreign
from beautyspot_dashboard.texts import plain, text

T = TypeVar("T")
Progress = Callable[[int], None]


@contextmanager
def progress_bar(name: str, total: int, /) -> Generator[Progress]:
    """Yield what takes the number of things done so far; the bar goes when the work is done or fails."""
    bar = st.progress(0.0, text(name))

    def show(done: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{text(name)} {count_text(done)} / {count_text(total)}")

    try:
        yield show
    finally:
        bar.empty()


def attempt(work: Callable[[], T], /) -> T | None:
    """Return what `work` returns; an error of the store becomes a word on it, and None."""
    try:
        return work()
    except BeautySpotError as error:
        say_if_foreign()
        st.error(plain(error))
        return None


def ask(question: str, what: str, work: Callable[[], str], /) -> None:
    """Open a dialog that asks, does `work` if the person agrees, and keeps what it says for the page."""

    def body() -> None:
        st.markdown(what)
        with st.container(horizontal=True):
            agreed = st.button(text("delete_now"), type="primary", key="agree")
            refused = st.button(text("cancel"), key="refuse")
        if agreed and (said := attempt(work)) is not None:
            st.session_state["said"] = said
            st.rerun()
        if refused:
            st.rerun()

    st.dialog(question)(body)()


def tell() -> None:
    """Say once what the last work came to."""
    said = st.session_state.pop("said", None)
    if said:
        st.success(said)
