"""Tables as all pages show them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from beautyspot_dashboard.figures import bytes_text, money_text, zone_name
from beautyspot_dashboard.texts import language, plain, text

SAID: Mapping[str, Any] = {"size": bytes_text, "cost": money_text, "money_saved": money_text}
"""How the numbers of a column are said, by its name."""
_dataframe: Any = getattr(st, "dataframe")  # noqa: B009 - its types name libraries that are not installed


def show_grid(frame: pd.DataFrame, columns: Mapping[str, Any], /, *, alt: str, **settings: Any) -> Any:
    """Show the rows of `frame`, and return what is chosen among them where `settings` ask for that.

    Sizes and amounts are said as beside a table, in any language; a click on their head sorts them by number.

    Args:
        frame: The rows.
        columns: How its columns look.
        alt: What a screen reader says of the table.
        settings: More arguments of `st.dataframe`.
    """
    said: Any = frame.style.format({name: say for name, say in SAID.items() if name in frame}, na_rep="")
    return _dataframe(said, hide_index=True, column_config=dict(columns), placeholder="", alt=alt, **settings)


def time_column(name: str, /) -> Any:
    """Return how a column of times looks, in the browser's zone; how long ago they were is said in English alone."""
    form = "distance" if language() == "en" else "YYYY-MM-DD HH:mm:ss"
    return st.column_config.DatetimeColumn(text(name), format=form, timezone=zone_name(), help=plain(zone_name()))


def ink() -> str:
    """Return the colour of words on a chart."""
    return "white" if st.context.theme.type == "dark" else "black"
