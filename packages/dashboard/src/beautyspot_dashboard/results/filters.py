"""Which results are asked for; every answer is in the address, so that a view can be kept as a bookmark."""

from typing import Any, get_args

import streamlit as st
from beautyspot.catalog import Catalog, Order
from beautyspot.catalog.arguments import LARGEST
from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError
from beautyspot.sizes import bytes_of

from beautyspot_dashboard.address import choose, offered
from beautyspot_dashboard.asking import checked
from beautyspot_dashboard.texts import text

BIND = "query-params"
AGES = ("newer_than", "older_than")
TIMES: tuple[Order, ...] = ("newest", "oldest")
"""Orders in which a word is sought: by a number, each page would read every result there is."""
SIZES = ("min_bytes", "max_bytes")


def ask_filters(catalog: Catalog, /) -> dict[str, Any] | None:
    """Return the arguments of `Catalog.tasks` that were given; None if one can't be read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(text("search"), key="text", bind=BIND, help=text("search_help"), width=230)
        given: dict[str, Any] = {
            "text": words,
            "function": st.selectbox(
                text("function"),
                offered("function", [each.func_name for each in catalog.functions() if each.results]),
                index=None,
                key="function",
                bind=BIND,
                placeholder=text("any"),
                width=260,
            ),
            "order": choose(
                st.selectbox,
                "order",
                text("order"),
                TIMES if words else get_args(Order),
                "newest",
                width=140,
                format_func=_order_text,
                help=text("order_help"),
            ),
        }
        with st.popover(text("more_filters"), key="more_filters"):
            given |= _ask_more()
    if any(given[name] is None and st.session_state[name] for name in (*AGES, *SIZES)):
        return None
    return {name: value for name, value in given.items() if value not in (None, "", False)}


def _ask_more() -> dict[str, Any]:
    given: dict[str, Any] = {
        name: st.text_input(text(name), key=name, bind=BIND) for name in ("version", "tag", "content_type")
    }
    for names, read, example in ((AGES, seconds, "7d"), (SIZES, _size_of, "1MB")):
        for column, name in zip(st.columns(2), names, strict=True):
            with column:
                given[name] = checked(name, text(name), read, example, in_address=True)
    given["expired"] = st.checkbox(text("only_expired"), key="expired", bind=BIND)
    return given


def _size_of(said: str) -> int:
    size = bytes_of(said)
    if size > LARGEST:
        raise ConfigurationError(f"too big a size: {said!r}; give at most {LARGEST!r} bytes")
    return size


def _order_text(order: str) -> str:
    return text(f"order_{order}")
