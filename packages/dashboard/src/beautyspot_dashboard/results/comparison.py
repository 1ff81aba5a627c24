"""Two results side by side."""

import streamlit as st
from beautyspot.errors import BeautySpotError
from beautyspot.records import Task

from beautyspot_dashboard.figures import bytes_text, count_text
from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.detail import show_facts
from beautyspot_dashboard.results.differences import COMPARED_BYTES, LINES_BYTES, Difference, difference
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.views import show
from beautyspot_dashboard.views.faults import say_undrawn
from beautyspot_dashboard.views.words import show_code


def show_comparison(place: Place, one: Task, other: Task, /) -> None:
    """Show what is known of both, how their values differ, and the values."""
    for column, task in zip(st.columns(2), (one, other), strict=True):
        with column:
            show_heading(plain(task.func_name))
            show_facts(task)
    try:
        found = difference(place.values(), one, other)
    except BeautySpotError:
        pass  # its own view says what is wrong
    except Exception as error:  # noqa: BLE001 - as for a view: values are anybody's
        say_undrawn("not_compared", error)
    else:
        show_heading(text("difference"))
        _show_difference(found)
    for column, task in zip(st.columns(2), (one, other), strict=True):
        with column:
            show(task, place.values())


def _show_difference(found: Difference) -> None:
    if found.how != "lines":
        most = bytes_text(COMPARED_BYTES if found.how in ("same_start", "unread") else LINES_BYTES)
        st.caption(text(f"differ_{found.how}", at=count_text(found.at), most=most))
    if found.lines:
        show_code(found.lines, "diff")
