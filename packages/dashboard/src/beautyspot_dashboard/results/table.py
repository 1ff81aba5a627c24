"""The table of results, a page at a time, and which of them are chosen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog, Page
from beautyspot.records import Task

from beautyspot_dashboard.texts import text

ROWS = 50
SNAPSHOT = "results_snapshot"


@dataclass
class Snapshot:
    """One page as it was when it was asked for.

    Streamlit knows a choice by its place. A page that was asked for again at each click would let the choice slip to
    another result when one is kept or deleted meanwhile.
    """

    question: str
    page: Page[Task]
    number: int
    """Of all snapshots of this visit; names the table, so that no choice outlives its page."""
    cursors: list[str | None] = field(default_factory=lambda: [None])
    """Where this page and those before it begin."""


def choose(catalog: Catalog, filters: Mapping[str, Any], /) -> list[Task]:
    """Show a page of results and return those that are chosen."""
    snapshot = _snapshot(catalog, filters)
    if not snapshot.page.rows:
        st.info(text("no_match") if filters else text("no_results"))
    chosen = _table(snapshot) if snapshot.page.rows else []
    _pager(catalog, filters, snapshot)
    return chosen


def forget() -> None:
    """Ask the database anew at the next look."""
    snapshot = st.session_state.get(SNAPSHOT)
    if snapshot is not None:
        snapshot.question = ""


def _snapshot(catalog: Catalog, filters: Mapping[str, Any]) -> Snapshot:
    question = json.dumps([catalog.source.name, sorted(filters.items())])
    snapshot: Snapshot | None = st.session_state.get(SNAPSHOT)
    if snapshot is None or snapshot.question != question:
        number = 0 if snapshot is None else snapshot.number + 1
        snapshot = Snapshot(question, catalog.tasks(**filters, limit=ROWS), number)
        st.session_state[SNAPSHOT] = snapshot
    return snapshot


def _table(snapshot: Snapshot) -> list[Task]:
    tasks = snapshot.page.rows
    answer: Any = st.dataframe(
        _frame(tasks),
        key=f"results_{snapshot.number}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config=_columns(),
        height=min(38 + 35 * len(tasks), 640),
        placeholder="",
    )
    return [tasks[row] for row in answer.selection.rows if row < len(tasks)]


def _frame(tasks: tuple[Task, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "function": [task.func_name for task in tasks],
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
    config = st.column_config
    return {
        "function": config.TextColumn(text("function"), width="medium"),
        "kept": config.DatetimeColumn(text("kept"), format="distance"),
        "size": config.NumberColumn(text("size"), format="bytes"),
        "took": config.NumberColumn(text("took"), format="%.3g s"),
        "type": config.TextColumn(text("content_type")),
        "tags": config.TextColumn(text("tags")),
        "version": config.TextColumn(text("version")),
        "key": config.TextColumn(text("key"), width="small"),
    }


def _pager(catalog: Catalog, filters: Mapping[str, Any], snapshot: Snapshot) -> None:
    with st.container(horizontal=True):
        if st.button(text("previous_page"), key="previous", disabled=len(snapshot.cursors) < 2):
            snapshot.cursors.pop()
            _turn(catalog, filters, snapshot)
        if st.button(text("next_page"), key="next", disabled=snapshot.page.next is None):
            snapshot.cursors.append(snapshot.page.next)
            _turn(catalog, filters, snapshot)
        if st.button(text("refresh"), key="refresh"):
            _turn(catalog, filters, snapshot)


def _turn(catalog: Catalog, filters: Mapping[str, Any], snapshot: Snapshot) -> None:
    snapshot.page = catalog.tasks(**filters, limit=ROWS, after=snapshot.cursors[-1])
    snapshot.number += 1
    st.rerun()
