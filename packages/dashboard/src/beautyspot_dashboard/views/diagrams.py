"""Diagrams, drawn in the browser by what Streamlit brings along."""

import streamlit as st

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.shown import Shown


def show_mermaid(shown: Shown, /) -> None:
    """Draw Mermaid."""
    st.mermaid_chart(shown.text())
    _show_source(shown)


def show_graphviz(shown: Shown, /) -> None:
    """Draw Graphviz's dot."""
    st.graphviz_chart(shown.text())  # type: ignore[reportUnknownMemberType] - names a package without types
    _show_source(shown)


def _show_source(shown: Shown) -> None:
    # What draws them is in the browser, and keeps what it finds wrong to itself.
    st.caption(text("nothing_drawn"))
    with st.expander(text("source")):
        st.code(shown.text(), language=None)
