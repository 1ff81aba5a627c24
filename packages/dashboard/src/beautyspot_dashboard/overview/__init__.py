"""The page of what the store saved: figures, and charts over time."""

import streamlit as st

from beautyspot_dashboard import place
from beautyspot_dashboard.frame import contained
from beautyspot_dashboard.overview.charts import show_charts
from beautyspot_dashboard.overview.figures import show_figures
from beautyspot_dashboard.overview.history import history_of
from beautyspot_dashboard.overview.prices import ask_prices
from beautyspot_dashboard.overview.ranges import Range, ask_range
from beautyspot_dashboard.overview.tables import show_functions, show_models
from beautyspot_dashboard.texts import text
from beautyspot_dashboard.welcome import show_first_steps

__all__ = ["page"]
LIVE_S = 5
"""Between two looks of a live page."""


def page() -> None:
    """Show what was kept and saved in a range of time."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        range_ = ask_range()
        is_live = st.toggle(text("live"), key="live", help=text("live_help", seconds=LIVE_S))
    st.fragment(contained(_show), run_every=LIVE_S if is_live else None)(range_)


def _show(range_: Range) -> None:
    shown = place.current()
    history = history_of(shown.catalog(), range_)
    if not history.functions and not shown.catalog().runs(limit=1).rows:
        show_first_steps(shown)
        return
    prices = ask_prices(history.models)
    if not history.functions:
        st.info(text("only_runs"))
        st.page_link("runs.py", label=text("runs"))
        show_models(history, prices)
        return
    show_figures(history, prices)
    show_charts(history)
    show_functions(history)
    show_models(history, prices)
