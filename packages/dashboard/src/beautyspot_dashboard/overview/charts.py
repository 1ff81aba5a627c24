"""The charts of the overview."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from beautyspot_dashboard.figures import short_names
from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.overview.history import History
from beautyspot_dashboard.texts import text

HEIGHT_PX, LINE_PX = 210, 20
"""Of a chart with its times, and of each line of names below it."""
NAME_PX = 140
"""Of a name with its colour; two stand beside each other on a phone."""
SHORTENED = "length(datum.label) < 15 ? datum.label : slice(datum.label, 0, 4) + '…' + slice(datum.label, -8)"
"""A name with its end, by which names of one beginning are told apart."""
MOST = 8
"""Functions or models that get a colour of their own; the rest are one."""
FORMATS = {"minute": "%H:%M", "hour": "%m-%d %H:%M", "day": "%Y-%m-%d"}
"""Of the times below a chart, the same in every language, and short enough for a phone."""
COLOURS = {"hits": "#2f9e6e", "misses": "#d9a441", "errors": "#c94f4f"}


def show_charts(history: History, /) -> None:
    """Show the calls over time, and what each function and each model came to."""
    left, right = st.columns(2)
    with left:
        _show(text("calls_over_time"), _calls(history))
    with right:
        _show(text("saved_over_time"), _by_function(history, "saved_s", text("seconds_saved")))
    if history.models:
        _show(text("tokens_over_time"), _tokens(history))


def show_waits(history: History, /) -> None:
    """Show the seconds that calls waited for their limiter, over time."""
    _show(text("waited_over_time"), _by_function(history, "waited_s", text("seconds_waited")))


def _show(title: str, chart: alt.Chart | None) -> None:
    show_heading(title)
    if chart is None:
        st.caption(text("nothing_in_range"))
    else:
        names = math.ceil(len(chart.data.iloc[:, 1].unique()) / 2)
        st.altair_chart(chart, height=HEIGHT_PX + LINE_PX * names, alt=title)


def _calls(history: History) -> alt.Chart | None:
    rows = [
        {"time": time, "what": text(name), "count": getattr(sums, name)}
        for time, sums in history.by_time().items()
        for name in COLOURS
    ]
    scale = alt.Scale(domain=[text(name) for name in COLOURS], range=list(COLOURS.values()))
    return _stack(rows, history, "count", "what", text("calls"), scale)


def _by_function(history: History, name: str, title: str) -> alt.Chart | None:
    named = leaders({function: getattr(sums, name) for function, sums in history.by_function().items()})
    rows = [
        {"time": row.minute, "function": named[row.func_name], "seconds": getattr(row, name)}
        for row in history.activity
        if row.func_name in named
    ]
    return _stack(rows, history, "seconds", "function", title, _in_order(named))


def _tokens(history: History) -> alt.Chart | None:
    spent: dict[str, int] = {}
    for use in history.models:
        spent[use.model] = spent.get(use.model, 0) + use.input_tokens + use.output_tokens
    named = leaders(spent)
    rows = [
        {"time": use.start, "model": named[use.model], "tokens": use.input_tokens + use.output_tokens}
        for use in history.models
        if use.model in named
    ]
    return _stack(rows, history, "tokens", "model", text("tokens_spent"), _in_order(named))


def leaders(drawn: Mapping[str, float], /) -> dict[str, str]:
    """Return what each name with something to draw is called, the biggest first: short where that tells them apart."""
    names = sorted((name for name, amount in drawn.items() if amount > 0), key=lambda name: -drawn[name])
    short = short_names(names)
    return {name: short[place] if place < MOST else text("others") for place, name in enumerate(names)}


def _in_order(named: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(dict.fromkeys(named.values())))


def _stack(
    rows: Sequence[dict[str, Any]], history: History, value: str, colour: str, title: str, scale: alt.Scale
) -> alt.Chart | None:
    if not rows:
        return None
    frame = pd.DataFrame(rows).groupby(["time", colour], sort=False, as_index=False)[value].sum()
    unit: Any = {"minute": "yearmonthdatehoursminutes", "hour": "yearmonthdatehours", "day": "utcyearmonthdate"}[
        history.per
    ]
    span: Any = [_date_time(time) for time in (history.start, history.end)]
    # As many names in a line as the chart has room for: Vega draws one line of all, be it cut off.
    columns: Any = alt.ExprRef(f"max(1, floor(width / {NAME_PX}))")
    legend = alt.Legend(
        orient="bottom", title=None, columns=columns, labelExpr=SHORTENED, labelLimit=NAME_PX - 25, offset=8
    )
    # Days are those of UTC, as the database adds them up; west of it they would be shown as the day before.
    # Names are data here: a colon in a shorthand such as "a:Q" would be taken for a type.
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(
                field="time",
                type="temporal",
                timeUnit=unit,
                title=None,
                axis=alt.Axis(format=FORMATS[history.per]),
                scale=alt.Scale(domain=span, type="utc" if history.per == "day" else "time"),
            ),
            y=alt.Y(field=value, type="quantitative", title=title, stack=True),
            color=alt.Color(field=colour, type="nominal", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip(field="time", type="temporal", timeUnit=unit),
                alt.Tooltip(field=colour, type="nominal"),
                alt.Tooltip(field=value, type="quantitative", format=",.4~g"),
            ],
        )
    )


def _date_time(time: datetime) -> alt.DateTime:
    utc = time.astimezone(UTC)
    return alt.DateTime(
        year=utc.year, month=utc.month, date=utc.day, hours=utc.hour, minutes=utc.minute, seconds=utc.second, utc=True
    )
