"""The page that puts a store in order: each work shows first what it would do."""

from collections.abc import Callable

import streamlit as st

from beautyspot_dashboard import place
from beautyspot_dashboard.address import choose
from beautyspot_dashboard.maintenance.cleaning import show_cleaning
from beautyspot_dashboard.maintenance.findings import show_doctor
from beautyspot_dashboard.maintenance.pruning import show_pruning
from beautyspot_dashboard.maintenance.verification import show_verification
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import text

__all__ = ["page"]
WORKS: dict[str, Callable[[Place], None]] = {
    "prune": show_pruning,
    "clean": show_cleaning,
    "verify": show_verification,
    "doctor": show_doctor,
}
FIRST = "prune"


def page() -> None:
    """Show one of the works."""
    chosen = choose(
        st.segmented_control,
        "work",
        text("work"),
        list(WORKS),
        FIRST,
        required=True,
        format_func=_label,
    )
    shown = place.current()
    name = chosen or FIRST
    st.caption(text(f"work_{name}_help"))
    if shown.read_only:
        st.caption(text("read_only_help"))
    WORKS[name](shown)


def _label(name: str) -> str:
    return text(f"work_{name}")
