"""The table of kept results."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.records import Task

from beautyspot_dashboard.figures import short_names
from beautyspot_dashboard.grid import time_column
from beautyspot_dashboard.paging import Table
from beautyspot_dashboard.texts import text

LOOK = 10_000
"""Results that a page looks at before it says that it found few: 0.04 s."""


def table_of(catalog: Catalog, /) -> Table[Task]:
    """Return the table of what `catalog` keeps."""
    return Table("results", partial(catalog.tasks, look=LOOK), _frame, _columns, "multi-row", partial(_count, catalog))


def _count(catalog: Catalog, question: Mapping[str, Any]) -> int:
    function = question.get("function")
    return sum(each.results for each in catalog.functions() if function in (None, each.func_name))


def _frame(tasks: Sequence[Task]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "function": short_names([task.func_name for task in tasks]),
            "kept": pd.to_datetime([task.updated_at for task in tasks], utc=True),
            "size": pd.array([task.size_bytes for task in tasks], dtype="Int64"),
            "took": [task.elapsed_s for task in tasks],
            "type": [task.content_type or "" for task in tasks],
            "tags": [", ".join(task.tags) for task in tasks],
            "version": [task.version or "" for task in tasks],
            "key": [task.cache_key for task in tasks],
        }
    )


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "function": column.TextColumn(text("function"), width="medium"),
        "kept": time_column("kept"),
        "size": column.NumberColumn(text("size")),
        "took": column.NumberColumn(text("took"), format="%.3f s"),
        "type": column.TextColumn(text("content_type")),
        "tags": column.TextColumn(text("tags")),
        "version": column.TextColumn(text("version")),
        "key": column.TextColumn(text("key"), width="small"),
    }
