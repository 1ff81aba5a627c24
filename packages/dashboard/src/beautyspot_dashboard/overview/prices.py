"""What models cost, as the person tells it: no price is known here, as they change."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import pandas as pd
import streamlit as st
from beautyspot.catalog import ModelUse
from beautyspot.recording import Price

from beautyspot_dashboard.texts import text

PARAMETER = "prices"
"""In the address: `gpt-5:1.25:10,other:0.1:0.4`, input and output for a million tokens."""
NAMES = ":/@ "
"""Letters that a model's name has there as they are, besides those of any address; a comma ends an entry."""


def ask_prices(uses: Sequence[ModelUse], /) -> Mapping[str, Price]:
    """Return what the person said a million tokens of each model cost."""
    models = sorted({use.model for use in uses})
    known = parse(st.query_params.get(PARAMETER, st.session_state.get(PARAMETER, "")))
    if models:
        known = {model: price for model, price in known.items() if model not in models} | _ask(models, known)
    _keep(known)
    return known


def _ask(models: Sequence[str], known: Mapping[str, Price]) -> dict[str, Price]:
    with st.popover(text("prices")):
        st.caption(text("prices_help"))
        edited: Any = st.data_editor(
            _offered(models, known),
            key=f"price_table_{models}",
            hide_index=True,
            disabled=["model"],
            placeholder="",
            column_config={
                "model": st.column_config.TextColumn(text("model")),
                "input": st.column_config.NumberColumn(text("price_input"), min_value=0.0, format="%.10g"),
                "output": st.column_config.NumberColumn(text("price_output"), min_value=0.0, format="%.10g"),
            },
        )
    rows = edited.itertuples(index=False)
    return {row.model: Price(_number(row.input), _number(row.output)) for row in rows if _is_said(row)}


def _keep(prices: Mapping[str, Price]) -> None:
    """Put the prices into the address, for a bookmark, and into the session, which has them when a page comes back."""
    st.session_state[PARAMETER] = unparse(prices)
    if prices:
        st.query_params[PARAMETER] = unparse(prices)
    elif PARAMETER in st.query_params:
        del st.query_params[PARAMETER]


def _offered(models: Sequence[str], known: Mapping[str, Price]) -> pd.DataFrame:
    """Return the table as it was first offered on this visit: over another one an editor forgets what was typed."""
    key = f"offered_{models}"
    if f"price_table_{models}" not in st.session_state:  # Streamlit forgets an editor when its page is left
        st.session_state[key] = _frame(models, known)
    return st.session_state[key]


def unparse(prices: Mapping[str, Price], /) -> str:
    """Return what `parse` reads."""
    return ",".join(
        f"{quote(model, safe=NAMES)}:{_said(price.input)}:{_said(price.output)}" for model, price in prices.items()
    )


def _said(price: float) -> str:
    return repr(price).removesuffix(".0")


def money_saved(uses: Sequence[ModelUse], prices: Mapping[str, Price], /) -> float | None:
    """Return what the saved tokens would have cost; None where nobody knows a price.

    A model without a price in the table is taken at what its own calls cost on average, where its recorder knew.
    """
    found = [each for use in uses if (each := _saved(use, uses, prices)) is not None]
    return sum(found) if found else None


def parse(said: str, /) -> dict[str, Price]:
    """Return the prices that an address holds; what can't be read is left out."""
    found: dict[str, Price] = {}
    for entry in said.split(","):
        with suppress(ValueError):
            model, input_, output = entry.rsplit(":", 2)
            price = Price(float(input_), float(output))
            if min(price.input, price.output) >= 0 and math.isfinite(price.input + price.output):
                found[unquote(model)] = price
    return found


def _saved(use: ModelUse, uses: Sequence[ModelUse], prices: Mapping[str, Price]) -> float | None:
    price = prices.get(use.model)
    if price is not None:
        return (use.saved_input_tokens * price.input + use.saved_output_tokens * price.output) / 1e6
    own = [each for each in uses if each.model == use.model]
    spent, cost = sum(each.input_tokens + each.output_tokens for each in own), sum(each.cost for each in own)
    return (use.saved_input_tokens + use.saved_output_tokens) * cost / spent if spent and cost else None


def _frame(models: Sequence[str], known: Mapping[str, Price]) -> pd.DataFrame:
    prices = [_cells(known.get(model)) for model in models]
    return pd.DataFrame(
        {
            "model": models,
            "input": pd.array([input_ for input_, _ in prices], dtype="Float64"),
            "output": pd.array([output for _, output in prices], dtype="Float64"),
        }
    )


def _cells(price: Price | None) -> tuple[float | None, float | None]:
    # A cell left empty beside a price is 0 there, and must not stay as one when that price is taken away.
    if price is None:
        return None, None
    return (price.input or None, price.output or None) if price.input or price.output else (0.0, 0.0)


def _is_said(row: Any) -> bool:
    return not (pd.isna(row.input) and pd.isna(row.output))


def _number(value: Any) -> float:
    return 0.0 if pd.isna(value) else float(value)
