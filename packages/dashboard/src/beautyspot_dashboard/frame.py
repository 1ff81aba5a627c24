"""What is around every page: which store is shown, in which language, and what to do when it can't be read."""

import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import streamlit as st
from beautyspot.errors import BeautySpotError, StorageError

from beautyspot_dashboard import place
from beautyspot_dashboard.address import arrive, leave
from beautyspot_dashboard.headings import say_if_foreign, show_heading, show_title
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import LANGUAGES, NAMES, PARAMETER, browser_language, plain, text
from beautyspot_dashboard.welcome import show_first_steps

P = ParamSpec("P")
DOCTORS_PAGE = "maintenance"
WAIT_S = 5.0
"""For another program to let go of the file; a write of ours holds it for some milliseconds."""


def show_framed(title: str, name: str, show: Callable[[], None], /) -> None:
    """Show a page within the frame; an error of the store becomes what to do about it.

    Args:
        title: As people read it.
        name: In the address.
        show: Shows what is within.
    """
    arrive(name)
    show_title(title)
    is_open = False
    try:
        shown = place.current()
        _show_head(shown)
        if shown.is_blank:
            show_first_steps(shown)
            st.button(text("refresh"))
            return
        if shown.is_held():
            _wait_for(shown)
        shown.catalog()
        is_open = True
        show()
        leave(name)
    except BeautySpotError as error:
        _show_trouble(error, is_open=is_open)
        if isinstance(error, StorageError) and name == DOCTORS_PAGE:
            _offer_doctor()


def contained(show: Callable[P, None], /) -> Callable[P, None]:
    """Return what a fragment shows, with the store's errors within it; Streamlit would write them to the terminal."""

    @wraps(show)
    def shown(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            show(*args, **kwargs)
        except BeautySpotError as error:
            show_error(error)

    return shown


def show_error(error: Exception, /) -> bool:
    """Show what a fragment, a dialog or a click raised, as `show_framed` does for a page.

    A bug of ours is said in one sentence, and its traceback goes to the terminal.
    """
    if isinstance(error, BeautySpotError):
        _show_trouble(error, is_open=True)
        return True
    traceback.print_exception(error)
    st.error(text("bug", kind=plain(type(error).__name__)))
    return True


def _show_head(shown: Place) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        short = shown.name if "://" in shown.name else Path(shown.name).name
        name = plain(short) + (f" · **{text('read_only')}**" if shown.read_only else "")
        st.caption(name, width="stretch", help=plain(shown.name))
        st.segmented_control(
            text("language"),
            list(LANGUAGES),  # by their own names, which are the same in each
            default=NAMES[browser_language()],
            required=True,
            key=PARAMETER,
            bind="query-params",
            label_visibility="collapsed",
        )


def _offer_doctor() -> None:
    from beautyspot_dashboard.maintenance.findings import show_doctor  # the frame is of every page, this of one

    show_doctor(place.current(), key="examine_trouble")


def _wait_for(shown: Place) -> None:
    """Wait, with a word on it, until the program lets go of the file that holds it.

    Raises:
        StorageError: it doesn't.
    """
    with st.spinner(text("waiting")):
        is_held = shown.is_held(WAIT_S)
    if is_held:
        raise StorageError(f"{shown.name!r} stayed locked for {WAIT_S:g} s; end the program that holds it, or wait")


def _show_trouble(error: BeautySpotError, *, is_open: bool) -> None:
    """Say in the page's language what was met and what to do next, and between them what the library said."""
    kind = place.current().trouble(error, is_open=is_open)
    show_heading(text(f"trouble_{kind}" if kind else "cannot_answer"))
    say_if_foreign()
    st.error(plain(error))
    if kind:
        show_heading(text("what_next"))
        st.markdown(text(f"trouble_{kind}_step"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(text("try_again"), key="try_again")
        if isinstance(error, StorageError):
            st.page_link(f"{DOCTORS_PAGE}.py", label=text("work_doctor"), query_params={"work": "doctor"})
