"""Deleting the chosen results, after a look at what goes."""

from collections.abc import Sequence
from contextlib import closing

import streamlit as st
from beautyspot.maintenance import Deleted, delete_tasks
from beautyspot.records import Task

from beautyspot_dashboard.figures import bytes_text
from beautyspot_dashboard.maintenance.progress import attempt
from beautyspot_dashboard.paging import Table
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import plain, text

SHOWN = 10
"""Results that the question names."""


def offer_deletion(place: Place, table: Table[Task], tasks: Sequence[Task], /) -> None:
    """Offer to delete the chosen `tasks`, unless the store is only shown."""
    if tasks and not place.read_only and st.button(text("delete", count=len(tasks)), key="delete"):
        st.dialog(text("delete_question", count=len(tasks)))(confirm)(place, table, tasks)


def delete(place: Place, tasks: Sequence[Task], /) -> Deleted:
    """Delete `tasks`, but those that were kept anew since they were listed."""
    with closing(place.open_db()) as db:
        return delete_tasks(tasks, db, place.storages[0] if place.storages else None)


def confirm(place: Place, table: Table[Task], tasks: Sequence[Task], /) -> None:
    """Name `tasks`, and delete them if the person agrees; what keeps them is said."""
    # By key, not by place: what is named here is what goes.
    for task in tasks[:SHOWN]:
        st.markdown(f"- {plain(task.func_name)} · {plain(task.cache_key[:12])}")
    if len(tasks) > SHOWN:
        st.caption(text("and_more", count=len(tasks) - SHOWN))
    st.caption(text("delete_warning", size=bytes_text(sum(task.size_bytes or 0 for task in tasks))))
    with st.container(horizontal=True):
        agreed = st.button(text("delete_now"), type="primary", key="delete_now")
        refused = st.button(text("cancel"), key="cancel")
    if agreed:
        done = attempt(lambda: delete(place, tasks))
        if done is None:
            return
        table.forget()
        left = text("blobs_left", count=done.blobs_left) if done.blobs_left else ""
        st.toast(text("deleted", count=done.tasks, size=bytes_text(done.size_bytes)) + left, duration="long")
    if agreed or refused:
        st.rerun()
