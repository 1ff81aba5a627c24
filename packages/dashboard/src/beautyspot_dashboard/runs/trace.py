"""One trace: its figures, its tree, its waterfall, and a run of it in detail."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.errors import BeautySpotError
from beautyspot.records import Run
from beautyspot.serializers import MsgpackSerializer

from beautyspot_dashboard.figures import count_text, duration_text, money_text, time_text, zone_name
from beautyspot_dashboard.grid import ink, show_grid
from beautyspot_dashboard.headings import say_if_foreign, show_heading
from beautyspot_dashboard.runs.table import columns, frame_of
from beautyspot_dashboard.runs.tree import Node, Totals, nodes_of, totals_of
from beautyspot_dashboard.texts import plain, text, word
from beautyspot_dashboard.views.structures import show_parts

MOST_RUNS = 1_000
"""Of a trace that are shown."""
MOST_BARS = 200
BAR_PX = 22
INDENT = "\N{NO-BREAK SPACE}" * 4
COLOURS = {"ok": "#4c78a8", "hit": "#2f9e6e", "error": "#c94f4f", "cancelled": "#9a9a9a", "abandoned": "#9a9a9a"}


def show_trace(catalog: Catalog, chosen: Run, /) -> None:
    """Show the trace that `chosen` belongs to, and the run that is chosen in it."""
    page = catalog.runs(trace_id=chosen.trace_id, limit=MOST_RUNS)
    nodes = nodes_of(page.rows)
    show_heading(plain(nodes[0].run.name if nodes else chosen.name))
    if page.next is not None:
        st.caption(text("trace_cut", count=MOST_RUNS))
    _show_totals(totals_of(nodes))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picked = _choose(nodes, chosen)
        _show_waterfall(nodes[:MOST_BARS])
    with right:
        _show_run(picked)


def _show_totals(totals: Totals) -> None:
    with st.container(horizontal=True):
        for name, value in {
            "runs": count_text(totals.runs),
            "took": duration_text(totals.elapsed_s),
            "tokens_spent": count_text(totals.tokens_spent),
            "tokens_saved": count_text(totals.tokens_saved),
            "cost": money_text(totals.cost),
            "cache_hits": count_text(totals.cache_hits),
            "errors": count_text(totals.errors),
        }.items():
            st.metric(text(name), value, border=True, width=145)


def _choose(nodes: Sequence[Node], chosen: Run) -> Run:
    frame = frame_of([node.run for node in nodes])
    frame["name"] = [INDENT * node.depth + node.run.name for node in nodes]
    own = [place for place, node in enumerate(nodes) if node.run.run_id == chosen.run_id]
    answer = show_grid(
        frame.drop(columns=["started"]),
        columns(),
        alt=text("trace"),
        key=f"trace_{chosen.run_id}",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": own}},
    )
    places: list[int] = [place for place in answer.selection.rows if place < len(nodes)]
    return nodes[places[0]].run if places else chosen


def _show_waterfall(nodes: Sequence[Node]) -> None:
    least_s = max((node.stop_s for node in nodes), default=0.0) / 300  # a hit is too short to be seen
    rows = [
        {
            "place": place,
            "name": INDENT * min(node.depth, 8) + node.run.name,
            "start": node.start_s,
            "stop": max(node.stop_s, node.start_s + least_s),
            "state": word("status", "hit" if node.run.cache_hit else node.run.status),
        }
        for place, node in enumerate(nodes)
    ]
    colours = {word("status", name): colour for name, colour in COLOURS.items()}
    states = [each for each in colours if any(row["state"] == each for row in rows)]
    axis = alt.Axis(title=None, labels=False, ticks=False, domain=False)
    scale = alt.Scale(domain=states, range=[colours[each] for each in states])
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y(field="place", type="ordinal", axis=axis))
    bars = base.mark_bar(cornerRadius=2).encode(
        x=alt.X(field="start", type="quantitative", title=text("seconds"), axis=alt.Axis(tickCount=8)),
        x2=alt.X2(field="stop"),
        color=alt.Color(field="state", type="nominal", scale=scale, legend=alt.Legend(orient="bottom", title=None)),
        tooltip=[
            *(alt.Tooltip(field=name, type="nominal") for name in ("name", "state")),
            *(alt.Tooltip(field=name, type="quantitative", format=".4~g") for name in ("start", "stop")),
        ],
    )
    names = base.mark_text(align="left", dx=4, clip=True, color=ink()).encode(
        x=alt.X(field="start", type="quantitative"), text=alt.Text(field="name", type="nominal")
    )
    # The chart's height is that of its bars; what Streamlit calls height holds the axis and the legend as well.
    chart = (bars + names).properties(height=alt.Step(BAR_PX))
    st.altair_chart(chart, alt=text("waterfall"))


def _show_run(run: Run) -> None:
    st.markdown(f"**{plain(run.name)}**")
    facts = {
        "kind": word("kind", run.kind),
        "model": run.model,
        "status": word("status", run.status),
        "started": f"{time_text(run.started_at)} ({zone_name()})",
        "took": duration_text(run.elapsed_s),
        "first_token": None if run.first_token_s is None else duration_text(run.first_token_s),
        "waited": duration_text(run.waited_s) if run.waited_s else None,
        "input_tokens": None if run.input_tokens is None else count_text(run.input_tokens),
        "output_tokens": None if run.output_tokens is None else count_text(run.output_tokens),
        "cached_tokens": run.cached_tokens,
        "cost": None if run.cost is None else money_text(run.cost),
        "tags": ", ".join(run.tags),
        "error": run.error,
        "trace": run.trace_id,
    }
    st.markdown("  \n".join(f"**{text(name)}** {plain(value)}" for name, value in facts.items() if value))
    if run.cache_key:
        st.page_link("results.py", label=text("kept_result"), query_params={"key": run.cache_key})
    if run.details is None:
        st.caption(text("no_details"))
        return
    try:
        details = MsgpackSerializer().describe(run.details)
    except BeautySpotError as error:
        st.markdown(f"**{text('cannot_read_value')}**")
        say_if_foreign()
        st.warning(plain(error))
    else:
        show_parts(details, f"details-{run.run_id}")
