"""One result: what is known of its call, its value, and how a program loads it."""

import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.records import Task

from beautyspot_dashboard.figures import bytes_text, duration_text, time_text, zone_name
from beautyspot_dashboard.headings import show_heading
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.results.download import offer_download
from beautyspot_dashboard.results.loading import loading
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.views import show


def show_detail(place: Place, task: Task, /) -> None:
    """Show what is known of `task`, its value, and how a program loads it."""
    show_heading(plain(task.func_name.rpartition(".")[2]))
    show_facts(task, with_function=True)
    show(task, place.values())
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_download(place, task)
        if _has_runs(place.catalog(), task.cache_key):
            _show_runs(task)
    with st.expander(text("load_in_python")):
        st.code(loading(place, task), language="python", wrap_lines=True)


def show_facts(task: Task, /, *, with_function: bool = False) -> None:
    """Show what is known of the call of `task`."""
    facts = {"function": task.func_name} if with_function else {}
    st.markdown("  \n".join(f"**{text(name)}** {plain(value)}" for name, value in {**facts, **_facts(task)}.items()))


# Without an index, which would double the time that a recorder's write takes, 200 000 runs are searched in 140 ms.
@st.cache_data(ttl=60, max_entries=1000, show_spinner=False, hash_funcs={Catalog: lambda each: each.source.name})
def _has_runs(catalog: Catalog, key: str) -> bool:
    """Say whether a run read or wrote the result, as it was up to a minute ago."""
    return bool(catalog.runs(cache_key=key, limit=1).rows)


def _show_runs(task: Task) -> None:
    st.page_link("runs.py", label=text("runs_of_result"), query_params={"cache_key": task.cache_key})


def _facts(task: Task) -> dict[str, str]:
    where = text("in_blob", location=task.result_value) if task.result_type == "FILE" else text("in_row")
    facts = {
        "key": task.cache_key,
        "input_id": task.input_id,
        "version": task.version,
        "content_type": task.content_type,
        "tags": ", ".join(task.tags),
        "kept": f"{time_text(task.updated_at)} ({zone_name()})",
        "expires": None if task.expires_at is None else time_text(task.expires_at),
        "took": duration_text(task.elapsed_s),
        "size": None if task.size_bytes is None else bytes_text(task.size_bytes),
        "where": where,
    }
    return {name: value for name, value in facts.items() if value}
