"""The table of runs."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.records import Run

from beautyspot_dashboard.grid import time_column
from beautyspot_dashboard.paging import Table
from beautyspot_dashboard.texts import text, word

MOST_PX = 318
"""Eight rows: the trace of a chosen one lies below and is to be seen on a small screen."""


def table_of(catalog: Catalog, /) -> Table[Run]:
    """Return the table of the runs in `catalog`."""
    return Table("runs", catalog.runs, frame_of, columns, most_px=MOST_PX)


def frame_of(runs: Sequence[Run], /) -> pd.DataFrame:
    """Return one row for each of `runs`."""
    return pd.DataFrame(
        {
            "name": [run.name for run in runs],
            "kind": [word("kind", run.kind) for run in runs],
            "model": [run.model or "" for run in runs],
            "status": [word("status", run.status) for run in runs],
            "hit": [run.cache_hit for run in runs],
            "started": pd.to_datetime([run.started_at for run in runs], utc=True),
            "took": [run.elapsed_s for run in runs],
            "waited": [run.waited_s or None for run in runs],
            "input": pd.array([run.input_tokens for run in runs], dtype="Int64"),
            "output": pd.array([run.output_tokens for run in runs], dtype="Int64"),
            "cost": [run.cost for run in runs],
            "error": [run.error or "" for run in runs],
        }
    )


def columns() -> dict[str, Any]:
    """Return how the columns of `frame_of` look."""
    column = st.column_config
    return {
        **{name: column.TextColumn(text(name)) for name in ("kind", "model", "status", "error")},
        "name": column.TextColumn(text("name"), width="medium"),
        "hit": column.CheckboxColumn(text("cache_hit")),
        "started": time_column("started"),
        "took": column.NumberColumn(text("took"), format="%.3f s"),
        "waited": column.NumberColumn(text("waited"), format="%.3f s"),
        "input": column.NumberColumn(text("input_tokens"), format="localized"),
        "output": column.NumberColumn(text("output_tokens"), format="localized"),
        "cost": column.NumberColumn(text("cost")),
    }
