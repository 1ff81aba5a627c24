"""The tables of the overview: one row for each function, and for each model."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from beautyspot.catalog import ModelUse
from beautyspot.recording import Price

from beautyspot_dashboard.grid import show_grid
from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.overview.history import History, Sums
from beautyspot_dashboard.overview.prices import money_saved
from beautyspot_dashboard.texts import text

COUNTS = ("runs", "errors", "cache_hits", "input_tokens", "output_tokens", "saved_input_tokens", "saved_output_tokens")


def show_functions(history: History, /) -> None:
    """Show what each function kept and did in the range, those that saved most first."""
    done = history.by_function()
    kept = sorted(history.functions, key=lambda each: -done.get(each.func_name, Sums()).saved_s)
    sums = [done.get(each.func_name, Sums()) for each in kept]
    frame = pd.DataFrame(
        {
            "function": [each.func_name for each in kept],
            "hit_rate": [each.hit_rate for each in sums],
            "hits": [each.hits for each in sums],
            "misses": [each.misses for each in sums],
            "errors": [each.errors for each in sums],
            "saved": [each.saved_s for each in sums],
            "waited": [each.waited_s for each in sums],
            "results": [each.results for each in kept],
            "size": [each.size_bytes for each in kept],
        }
    )
    column = st.column_config
    show_heading(text("by_function"))
    show_grid(
        frame,
        {
            "function": column.TextColumn(text("function"), width="medium"),
            "hit_rate": column.ProgressColumn(text("hit_rate"), format="percent", min_value=0, max_value=1),
            **{name: column.NumberColumn(text(name), format="localized") for name in ("hits", "misses", "errors")},
            "saved": column.NumberColumn(text("saved"), format="%.1f s"),
            "waited": column.NumberColumn(text("waited"), format="%.1f s"),
            "results": column.NumberColumn(text("kept_results"), format="localized"),
            "size": column.NumberColumn(text("size")),
        },
        alt=text("by_function"),
    )


def show_models(history: History, prices: Mapping[str, Price], /) -> None:
    """Show what the observed calls of each model came to in the range."""
    if not history.models:
        return
    rows = [_row(model, uses, prices) for model, uses in _by_model(history.models).items()]
    column = st.column_config
    show_heading(text("by_model"))
    show_grid(
        pd.DataFrame(rows),
        {
            "model": column.TextColumn(text("model"), width="medium"),
            **{name: column.NumberColumn(text(name), format="localized") for name in COUNTS},
            "cost": column.NumberColumn(text("cost")),
            "money_saved": column.NumberColumn(text("money_saved")),
        },
        alt=text("by_model"),
    )


def _by_model(uses: Sequence[ModelUse]) -> dict[str, list[ModelUse]]:
    found: dict[str, list[ModelUse]] = {}
    for use in uses:
        found.setdefault(use.model, []).append(use)
    return found


def _row(model: str, uses: Sequence[ModelUse], prices: Mapping[str, Price]) -> dict[str, Any]:
    counts = {name: sum(getattr(use, name) for use in uses) for name in COUNTS}
    return {
        "model": model,
        **counts,
        "cost": sum(use.cost for use in uses),
        "money_saved": money_saved(uses, prices),
    }
