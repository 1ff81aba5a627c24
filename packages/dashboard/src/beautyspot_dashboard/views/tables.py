"""Tables with a chart: CSV, Parquet, data frames and arrays."""

import csv
from collections.abc import Hashable, Iterable
from importlib import import_module
from io import StringIO
from itertools import islice
from typing import Any, cast

import pandas as pd
import streamlit as st

from beautyspot_dashboard.letters import repr_text, sendable
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
        # As texts: pandas would make 123 of 00123, and nothing of NA.
        rows: list[list[str]] = list(
            islice(filter(None, csv.reader(StringIO(words, newline=""), delimiter=_separator(words))), ROWS + 2)
        )
    except csv.Error as error:
        raise NotThatKindError(str(error)) from error
    if not rows:
        raise NotThatKindError("it has no line")
    columns = max(map(len, rows))
    width = min(columns, COLUMNS)
    names, *body = (row[:width] + [""] * (width - len(row)) for row in rows)
    frame = pd.DataFrame(body, columns=distinct(names), dtype=object)
    _show(frame, None if len(body) > ROWS or shown.is_cut else len(body), columns, shown.task.cache_key)
    with st.expander(text("source")):
        st.code(words, language=None)


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
        frame = frame_of(file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch]))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotThatKindError(str(error)) from error
    _show(frame, file.metadata.num_rows, len(frame.columns), shown.task.cache_key)


def is_table(value: Any, /) -> bool:
    """Say whether `value` is a frame, a series or an array of one or two dimensions."""
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        return getattr(value, "ndim", 0) in (1, 2) and value.dtype.kind in "biufcMmUSO"
    return is_frame(value)


def is_frame(value: Any, /) -> bool:
    """Say whether `value` is a frame or a series."""
    module = type(value).__module__.partition(".")[0]
    return module in ("pandas", "polars", "pyarrow") and type(value).__name__ in ("DataFrame", "Series", "Table")


def show_table(value: Any, key: str, /) -> None:
    """Show the first rows of what `is_table` says yes to; `key` tells it from others on the page."""
    first = value.slice(0, ROWS) if type(value).__module__.startswith(("polars", "pyarrow")) else value[:ROWS]
    frame = frame_of(first)
    _show(frame, len(value), len(frame.columns), key)


def frame_of(value: Any, /) -> pd.DataFrame:
    """Return what `is_table` says yes to as a frame of pandas."""
    module = type(value).__module__.partition(".")[0]
    if module == "numpy":
        return pd.DataFrame(value.tolist() if value.dtype.kind == "S" else value)
    whole = value.to_frame() if type(value).__name__ == "Series" else value
    if module == "pandas":
        return whole
    try:
        return whole.to_pandas()
    except Exception:  # noqa: BLE001 - polars has types that Arrow has not; of a Parquet file, its author wrote what fails
        if module == "pyarrow":
            return whole.to_pandas(ignore_metadata=True)
        return pd.DataFrame({name: pd.Series(whole[name].to_list(), dtype=object) for name in whole.columns})


def _show(frame: pd.DataFrame, rows: int | None, columns: int, key: str) -> None:
    frame = frame.iloc[:ROWS, :COLUMNS]
    frame.columns = distinct(frame.columns)
    _STREAMLIT.dataframe(frame.apply(_drawable))
    if rows is None or rows > len(frame) or columns > len(frame.columns):
        more = text("many") if rows is None else f"{rows:,}"
        st.caption(text("table_cut", shown=len(frame), rows=more, columns=columns))
    _show_chart(frame, key)


def _drawable(column: pd.Series) -> pd.Series:
    """Return a column that Arrow has a type for: Streamlit writes a traceback for any other, and makes texts of it."""
    if column.dtype != object:
        return column
    pa = cast("Any", import_module("pyarrow"))  # Streamlit needs it for any table
    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return column.map(_cell_text, na_action="ignore")
    return column


def _cell_text(value: Any) -> str:
    try:
        return sendable(str(value))
    except (ValueError, RecursionError):
        return repr_text(value)


def _show_chart(frame: pd.DataFrame, key: str) -> None:
    found = {name: _numbers(frame[name]) for name in frame.columns}
    numeric = {name: numbers for name, numbers in found.items() if numbers is not None}
    if not numeric or len(frame) < 2:
        return
    with st.expander(text("chart"), expanded=len(numeric) <= DRAWN):
        chosen = st.multiselect(text("columns"), list(numeric), default=list(numeric)[:DRAWN], key=f"columns-{key}")
        if chosen:
            drawn = pd.DataFrame({name: numeric[name] for name in chosen})
            _STREAMLIT.line_chart(drawn.reset_index(drop=True))


def _numbers(column: pd.Series) -> pd.Series | None:
    """Return what a chart draws of a column, be it numbers or texts that all are some; None for anything else."""
    if pd.api.types.is_numeric_dtype(column):
        return None if pd.api.types.is_complex_dtype(column) else column
    if not all(isinstance(each, str) for each in column):  # asked first: a cell may be a list, which nothing equals
        return None
    said = column[column != ""]
    try:
        return pd.to_numeric(said).astype("float64").reindex(column.index) if len(said) else None
    except (ValueError, TypeError, OverflowError):
        return None


def distinct(names: Iterable[Hashable], /) -> list[str]:
    """Return names as texts, each once: what shows them can't tell two of one name apart."""
    found: dict[str, None] = {}
    for name in names:
        name = sendable(str(name))
        words, number = name, 2
        while words in found:
            words, number = f"{name} ({number})", number + 1
        found[words] = None
    return list(found)
