"""The page of kept results."""

import streamlit as st

from beautyspot_dashboard import place
from beautyspot_dashboard.results.detail import show_detail
from beautyspot_dashboard.results.filters import ask_filters
from beautyspot_dashboard.results.table import choose
from beautyspot_dashboard.texts import text

__all__ = ["page"]


def page() -> None:
    """Show one row for each kept result, and the chosen one beside them."""
    shown = place.current()
    filters = ask_filters(shown.catalog())
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = choose(shown.catalog(), filters)
    with right:
        if chosen:
            show_detail(shown, chosen[-1])
        else:
            st.caption(text("choose"))
