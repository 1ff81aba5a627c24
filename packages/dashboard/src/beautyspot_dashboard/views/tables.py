"""Tables with a chart: CSV, Parquet, data frames and arrays."""

import csv
from collections.abc import Hashable
from importlib import import_module
from io import StringIO
from typing import Any, cast

import pandas as pd
import streamlit as st

from beautyspot_dashboard.texts import text
from beautyspot_dashboard.views.faults import NotThatKindError
from beautyspot_dashboard.views.shown import Shown

ROWS = 1000
"""The first rows are shown, and drawn."""
COLUMNS = 200
SNIFFED = 10_000
"""Letters of a CSV that tell its separator."""
DRAWN = 8
"""Lines that a chart has at most until a person chooses."""

_STREAMLIT: Any = st
"""Its signatures for frames name types that have none."""


def show_csv(shown: Shown, /) -> None:
    """Show the first rows of a CSV, of any separator."""
    words = shown.text()
    if shown.is_cut:
        words = words.rpartition("\n")[0]
    try:
        frame = pd.read_csv(StringIO(words), sep=_separator(words), nrows=ROWS + 1, on_bad_lines="skip")
    except ValueError as error:  # pandas' own are such
        raise NotThatKindError(str(error)) from error
    _show(frame, None if len(frame) > ROWS or shown.is_cut else len(frame), len(frame.columns))


def _separator(words: str) -> str:
    try:
        return csv.Sniffer().sniff(words[:SNIFFED], ",;\t|").delimiter
    except csv.Error:  # a single column has none
        return ","


def show_parquet(shown: Shown, /) -> None:
    """Show the first rows of a Parquet file, reading no more of it than they need."""
    # 0.2 s that only Parquet needs; the library has no types of its own.
    pa, pq = cast("Any", import_module("pyarrow")), cast("Any", import_module("pyarrow.parquet"))
    content: Any = shown.content
    content.seek(0)
    try:
        file = pq.ParquetFile(content)
        batch = next(file.iter_batches(batch_size=ROWS), None)
        frame = file.schema_arrow.empty_table().to_pandas() if batch is None else batch.to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotThatKindError(str(error)) from error
    _show(frame, file.metadata.num_rows, file.metadata.num_columns)


def is_table(value: Any, /) -> bool:
    """Say whether `value` is a frame, a series or an array of one or two dimensions."""
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        return getattr(value, "ndim", 0) in (1, 2) and value.dtype.kind in "biufcMmUSO"
    return module in ("pandas", "polars", "pyarrow") and type(value).__name__ in ("DataFrame", "Series", "Table")


def show_table(value: Any, /) -> None:
    """Show the first rows of what `is_table` says yes to."""
    first = value.slice(0, ROWS) if type(value).__module__.startswith(("polars", "pyarrow")) else value[:ROWS]
    frame = first.to_pandas() if hasattr(first, "to_pandas") else pd.DataFrame(first)
    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    _show(frame, len(value), len(frame.columns))


def _show(frame: pd.DataFrame, rows: int | None, columns: int) -> None:
    frame = frame.iloc[:ROWS, :COLUMNS]
    frame.columns = _distinct(list(frame.columns))
    _STREAMLIT.dataframe(frame)
    if rows is None or rows > len(frame) or columns > len(frame.columns):
        more = text("many") if rows is None else f"{rows:,}"
        st.caption(text("table_cut", shown=len(frame), rows=more, columns=columns))
    _show_chart(frame)


def _show_chart(frame: pd.DataFrame) -> None:
    numeric = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    if not numeric or len(frame) < 2:
        return
    with st.expander(text("chart"), expanded=len(numeric) <= DRAWN):
        chosen = st.multiselect(text("columns"), numeric, default=numeric[:DRAWN])
        if chosen:
            _STREAMLIT.line_chart(frame[chosen].reset_index(drop=True))


def _distinct(names: list[Hashable]) -> list[str]:
    """Return names as texts, each once: what draws them can't tell two of one name apart."""
    found: dict[str, None] = {}
    for name in names:
        words, number = str(name), 2
        while words in found:
            words, number = f"{name} ({number})", number + 1
        found[words] = None
    return list(found)
