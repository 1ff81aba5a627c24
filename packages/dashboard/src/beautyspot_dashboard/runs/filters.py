"""Which runs are asked for; every answer is in the address."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import streamlit as st
from beautyspot.catalog import Catalog

from beautyspot_dashboard.address import choose, offered
from beautyspot_dashboard.texts import text, word

BIND = "query-params"
KINDS = ("llm", "embedding", "tool", "retriever", "rerank", "query", "chain", "step")
STATUSES = ("ok", "error", "cancelled", "abandoned")
ANSWERS = {"hit": True, "miss": False}


def ask_filters(catalog: Catalog, /) -> dict[str, Any]:
    """Return the arguments of `Catalog.runs` that were given."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        given: dict[str, Any] = {
            "model": _ask_model(catalog),
            "kind": _ask_known("kind", KINDS),
            "status": _ask_known("status", STATUSES),
            "cache_hit": ANSWERS.get(_ask_known("answer", ANSWERS) or ""),
            "trace_id": st.text_input(text("trace"), key="trace_id", bind=BIND, width=120),
            "cache_key": st.text_input(text("key"), key="cache_key", bind=BIND, width=120),
        }
        question = {name: value for name, value in given.items() if value not in (None, "")}
        # What a filter names is seldom the root of its trace.
        return question | _ask_roots(is_filtered=bool(question))


def _ask_roots(*, is_filtered: bool) -> dict[str, bool]:
    if is_filtered:
        st.toggle(text("only_roots"), disabled=True, key="no_roots", help=text("only_roots_help"))
        return {}
    return {"roots": True} if st.toggle(text("only_roots"), value=True, key="roots", bind=BIND) else {}


def _ask_model(catalog: Catalog) -> str | None:
    return st.selectbox(
        text("model"),
        offered("model", [each.model for each in catalog.models()]),
        index=None,
        key="model",
        bind=BIND,
        placeholder=text("any"),
        width=160,
    )


def _ask_known(name: str, options: Iterable[str]) -> str | None:
    return choose(
        st.selectbox,
        name,
        text(name),
        offered(name, options),
        index=None,
        placeholder=text("any"),
        width=130,
        format_func=partial(word, name),
    )
