"""Which results are asked for; every answer is in the address, so that a view can be kept as a bookmark."""

from typing import Any

import streamlit as st
from beautyspot.catalog import Catalog

from beautyspot_dashboard.texts import text

BIND = "query-params"


def ask_filters(catalog: Catalog, /) -> dict[str, Any]:
    """Return the filters of `Catalog.tasks` that were given."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [each.func_name for each in catalog.functions()]
        given = {
            "function": st.selectbox(
                text("function"), names, index=None, key="function", bind=BIND, placeholder=text("any"), width=260
            ),
            "text": st.text_input(text("search"), key="text", bind=BIND, help=text("search_help"), width=220),
            "version": st.text_input(text("version"), key="version", bind=BIND, width=110),
            "tag": st.text_input(text("tag"), key="tag", bind=BIND, width=110),
            "content_type": st.text_input(text("content_type"), key="content_type", bind=BIND, width=150),
        }
    return {name: value for name, value in given.items() if value}
