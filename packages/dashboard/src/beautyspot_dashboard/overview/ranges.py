"""How far back one looks."""

from typing import NamedTuple

import streamlit as st
from beautyspot.catalog import Step

from beautyspot_dashboard.address import choose
from beautyspot_dashboard.texts import text


class Range(NamedTuple):
    """A span of time up to now, and the step in which it is added up."""

    since: str | None
    """As `Catalog.activity` takes it; None for all."""
    per: Step


RANGES: dict[str, Range] = {
    "1h": Range("1h", "minute"),
    "24h": Range("24h", "hour"),
    "7d": Range("7d", "hour"),
    "30d": Range("30d", "day"),
    "all": Range(None, "day"),
}
DEFAULT = "7d"


def ask_range() -> Range:
    """Return the range that the person chose; it is in the address."""
    chosen = choose(
        st.segmented_control,
        "range",
        text("range"),
        list(RANGES),
        DEFAULT,
        required=True,
        format_func=_label,
    )
    return RANGES[chosen or DEFAULT]


def _label(name: str) -> str:
    return text(f"range_{name}")
