"""The figures at the top of the overview."""

from collections.abc import Mapping, Sequence

import streamlit as st
from beautyspot.recording import Price

from beautyspot_dashboard.figures import bytes_text, count_text, duration_text, money_text
from beautyspot_dashboard.overview.history import History
from beautyspot_dashboard.overview.prices import money_saved
from beautyspot_dashboard.texts import text

WIDTH = 170


def show_figures(history: History, prices: Mapping[str, Price], /) -> None:
    """Show what all calls came to, with how each figure went over time below it."""
    total, course = history.total(), list(history.by_time().values())
    rate = "-" if total.hit_rate is None else f"{total.hit_rate:.1%}"
    with st.container(horizontal=True):
        _figure("hit_rate", rate, [each.hit_rate or 0.0 for each in course])
        _figure("hits", count_text(total.hits), [each.hits for each in course])
        _figure("misses", count_text(total.misses), [each.misses for each in course])
        _figure("saved", duration_text(total.saved_s), [each.saved_s for each in course])
        _figure("waited", duration_text(total.waited_s), [each.waited_s for each in course])
        if total.errors:
            _figure("errors", count_text(total.errors), [each.errors for each in course])
        if total.tokens_spent or total.tokens_saved:
            _figure("tokens_spent", count_text(total.tokens_spent), [each.tokens_spent for each in course])
            _figure("tokens_saved", count_text(total.tokens_saved), [each.tokens_saved for each in course])
            money = money_saved(history.models, prices)
            _figure("money_saved", "-" if money is None else money_text(money), help_=text("money_help"))
        kept = history.size.inline_bytes + history.size.blob_bytes
        _figure("kept_results", count_text(history.size.tasks))
        _figure("store_size", bytes_text(kept), help_=_parts(history))


def _figure(name: str, value: str, course: Sequence[float] = (), *, help_: str | None = None) -> None:
    chart = list(course) if len(course) > 1 else None
    st.metric(text(name), value, chart_data=chart, chart_type="area", border=True, width=WIDTH, help=help_)


def _parts(history: History) -> str:
    size = history.size
    parts = text(
        "size_parts",
        inline=bytes_text(size.inline_bytes),
        blobs=bytes_text(size.blob_bytes),
        count=count_text(size.blobs),
    )
    file = "" if size.database_bytes is None else text("size_file", size=bytes_text(size.database_bytes))
    return parts + file
