"""The page of observed calls: of models, tools, retrievers and steps."""

import streamlit as st

from beautyspot_dashboard import place
from beautyspot_dashboard.address import may_match
from beautyspot_dashboard.runs.filters import ask_filters
from beautyspot_dashboard.runs.table import table_of
from beautyspot_dashboard.runs.trace import show_trace
from beautyspot_dashboard.texts import text

__all__ = ["page"]


def page() -> None:
    """Show one row for each run, and the trace of the chosen one."""
    catalog = place.current().catalog()
    question = ask_filters(catalog)
    if not may_match(question):
        st.info(text("no_match"))
        return
    table = table_of(catalog)
    if not table.snapshot(question).page.rows:
        _show_nothing(is_filtered=bool(set(question) - {"roots"}))
    chosen = table.choose(question)
    with st.container(horizontal=True):
        table.offer_pages(question)
    if chosen:
        show_trace(catalog, chosen[0])
    elif table.snapshot(question).page.rows:
        st.caption(text("choose_run"))


def _show_nothing(*, is_filtered: bool) -> None:
    if is_filtered:
        st.info(text("no_match"))
        return
    st.info(text("no_runs"))
    st.code("from langchain_beautyspot import record_runs", language="python")
