"""Two results side by side."""

from difflib import unified_diff

import streamlit as st
from beautyspot.errors import BeautySpotError
from beautyspot.records import Task

from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.detail import as_text, show_facts
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.views import show

MOST_BYTES = 1_000_000
"""Of a value whose lines are compared."""


def show_comparison(place: Place, one: Task, other: Task, /) -> None:
    """Show what is known of both, how their texts differ, and their values."""
    for column, task in zip(st.columns(2), (one, other), strict=True):
        with column:
            show_heading(plain(task.func_name))
            show_facts(task)
    changes = _difference(place, one, other)
    if changes is not None:
        show_heading(text("difference"))
        st.code(changes or text("no_difference"), language="diff", wrap_lines=True)
    for column, task in zip(st.columns(2), (one, other), strict=True):
        with column:
            show(task, place.values())


def _difference(place: Place, one: Task, other: Task) -> str | None:
    """Return the lines in which two texts or structures differ; None where lines mean nothing."""
    if max(one.size_bytes or 0, other.size_bytes or 0) > MOST_BYTES:
        return None
    try:
        texts = [as_text(place.values().read(task)) for task in (one, other)]
    except BeautySpotError:
        return None  # its own view says what is wrong
    lines = [each.splitlines() for each in texts if each is not None]
    if len(lines) < 2:
        return None
    return "\n".join(unified_diff(lines[0], lines[1], one.cache_key[:12], other.cache_key[:12], lineterm=""))
