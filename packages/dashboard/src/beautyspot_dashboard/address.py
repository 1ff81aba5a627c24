"""Choices that the address holds, so that a view can be kept as a bookmark."""

from collections.abc import Sequence
from typing import Any

import streamlit as st


def choose(
    widget: Any, name: str, label: str, options: Sequence[str], default: str | None = None, **settings: Any
) -> str | None:
    """Show `widget` and return the chosen one of `options`.

    The address holds the option itself. Streamlit's own binding would put its label there, which is another one in
    each language.

    Args:
        widget: `st.selectbox` or `st.segmented_control`.
        name: In the address, and the widget's key.
        label: Of the widget.
        options: What can be chosen.
        default: Chosen without a word in the address, which then stays short.
        settings: More arguments of the widget.
    """
    if name not in st.session_state:
        said = st.query_params.get(name)
        st.session_state[name] = said if said in options else default
    chosen: str | None = widget(label, options, key=name, **settings)
    if chosen is not None and chosen != default:
        st.query_params[name] = chosen
    elif name in st.query_params:
        del st.query_params[name]
    return chosen
