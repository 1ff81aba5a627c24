"""The page of limits: what each one grants that processes share, how busy it is, and how long calls waited."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog, Limit

from beautyspot_dashboard import place
from beautyspot_dashboard.figures import duration_text, number_text
from beautyspot_dashboard.frame import contained
from beautyspot_dashboard.grid import show_grid
from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.overview.charts import show_waits
from beautyspot_dashboard.overview.history import History, history_of
from beautyspot_dashboard.overview.ranges import Range, ask_range
from beautyspot_dashboard.texts import plain, text

LIVE_S = 2
"""Between two looks: what waits changes by the second."""
WIDTH_PX = 350
"""Of what is said of one limit: three beside each other on a laptop, the whole width of a telephone."""


def page() -> None:
    """Show the shared limits as they are now, and the waits of a range of time."""
    range_ = ask_range()
    st.fragment(contained(_show_now), run_every=LIVE_S)()
    history = history_of(place.current().catalog(), range_)
    _show_waits(history, range_)


def _show_now() -> None:
    limits = place.current().catalog().limits()
    show_heading(text("shared_limits"))
    st.caption(text("own_limits"))
    if not limits:
        st.info(text("no_limits"))
        st.code("bs.Spot(db=..., tpm=60, shared_limit=True)", language="python")
        return
    now = datetime.now(UTC)
    with st.container(horizontal=True):
        for limit in sorted(limits, key=lambda each: each.name):  # in an order that stays while they are looked at
            _show_limit(limit, now)


def _show_limit(limit: Limit, now: datetime) -> None:
    owed, waiting_s = limit.owed(now), limit.waiting_s(now)
    with st.container(border=True, width=WIDTH_PX, gap="xsmall"):
        st.markdown(f"**{plain(limit.name)}**")
        if limit.tokens_per_minute is None or limit.burst is None or owed is None:
            busy_s = max(0.0, (limit.free_at - now).total_seconds())
            st.caption(text("limit_rate_unknown"))
            st.metric(text("limit_busy"), duration_text(busy_s) if busy_s else text("limit_free"))
            return
        st.caption(text("limit_rate", rate=number_text(limit.tokens_per_minute), burst=number_text(limit.burst)))
        st.metric(text("limit_wait"), duration_text(waiting_s) if waiting_s else text("limit_no_wait"))
        st.progress(min(1.0, owed / limit.burst), text=_occupancy(owed, limit.burst))


def _occupancy(owed: float, burst: float) -> str:
    """Say how much of the burst is in use, in whole cells: one is in use until it is paid to the last."""
    cells = math.ceil(round(owed, 6))
    if cells <= burst:
        return text("limit_used", used=number_text(cells), burst=number_text(burst))
    return text("limit_full", burst=number_text(burst), more=number_text(math.ceil(cells - burst)))


def _show_waits(history: History, range_: Range) -> None:
    show_heading(text("waits"))
    rows = _rows(history, place.current().catalog(), range_)
    if not rows:
        st.caption(text("no_waits"))
        return
    show_waits(history)
    column = st.column_config
    show_grid(
        pd.DataFrame(rows),
        {
            "function": column.TextColumn(text("function"), width="medium"),
            "misses": column.NumberColumn(text("misses"), format="localized"),
            "peak": column.NumberColumn(text("peak_rate"), format="localized", help=text("peak_rate_help")),
            "waited": column.NumberColumn(text("waited"), format="%.1f s"),
            "mean": column.NumberColumn(text("mean_wait"), format="%.2f s"),
        },
        alt=text("waits"),
    )


def _rows(history: History, catalog: Catalog, range_: Range) -> Sequence[dict[str, Any]]:
    """Return one row for each function whose calls waited, those that waited longest first."""
    waited = {name: sums for name, sums in history.by_function().items() if sums.waited_s > 0}
    return [
        {
            "function": name,
            "misses": sums.misses,
            "peak": max((row.misses for row in catalog.activity(since=range_.since, function=name)), default=0),
            "waited": sums.waited_s,
            "mean": sums.waited_s / max(1, sums.misses),
        }
        for name, sums in sorted(waited.items(), key=lambda item: -item[1].waited_s)
    ]
