"""The page of observed calls: of models, tools, retrievers and steps."""

from collections.abc import Sequence

import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.records import Run

from beautyspot_dashboard import place
from beautyspot_dashboard.address import followed, is_moved, may_match
from beautyspot_dashboard.runs.filters import ask_filters
from beautyspot_dashboard.runs.table import table_of
from beautyspot_dashboard.runs.trace import show_trace
from beautyspot_dashboard.texts import plain, text

__all__ = ["page"]
RUN = "run"
"""In the address: the run that is shown."""


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
    if is_moved(RUN, [run.run_id for run in table.ticked(question)]):
        table.untick(question)
    ticked = table.ticked(question)
    ids = followed(RUN, [run.run_id for run in ticked])
    table.show(question)
    with st.container(horizontal=True):
        table.offer_pages(question)
    if chosen := ticked or _linked(catalog, ids):
        show_trace(catalog, chosen[0])
    elif table.snapshot(question).page.rows:
        st.caption(text("choose_run"))


def _linked(catalog: Catalog, ids: Sequence[str]) -> Sequence[Run]:
    """Return the run of the first of `ids`, if it is there."""
    if not ids:
        return ()
    found = catalog.runs(run_id=ids[0], limit=1).rows if may_match({RUN: ids[0]}) else ()
    if not found:
        st.warning(text("run_gone", run=plain(ids[0])))
    return found


def _show_nothing(*, is_filtered: bool) -> None:
    if is_filtered:
        st.info(text("no_match"))
        return
    st.info(text("no_runs"))
    st.code("from langchain_beautyspot import record_runs", language="python")
