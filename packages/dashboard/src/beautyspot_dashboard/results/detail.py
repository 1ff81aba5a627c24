"""One result: what is known of its call, and its value."""

import streamlit as st
from beautyspot.records import Task

from beautyspot_dashboard.figures import bytes_text, duration_text, time_text
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import plain, text
from beautyspot_dashboard.views import show


def show_detail(place: Place, task: Task, /) -> None:
    """Show what is known of `task`, and its value."""
    st.subheader(plain(task.func_name))
    st.markdown("  \n".join(f"**{name}** {plain(value)}" for name, value in _facts(task).items()))
    show(task, place.values())


def _facts(task: Task) -> dict[str, str]:
    where = text("in_blob", location=task.result_value) if task.result_type == "FILE" else text("in_row")
    facts = {
        "key": task.cache_key,
        "input_id": task.input_id,
        "version": task.version,
        "content_type": task.content_type,
        "tags": ", ".join(task.tags),
        "kept": time_text(task.updated_at),
        "expires": None if task.expires_at is None else time_text(task.expires_at),
        "took": duration_text(task.elapsed_s),
        "size": None if task.size_bytes is None else bytes_text(task.size_bytes),
        "where": where,
    }
    return {text(name): value for name, value in facts.items() if value}
