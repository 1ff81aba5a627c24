"""Deleting blobs that no row names, and rows whose blob is gone."""

from contextlib import ExitStack, closing

import pandas as pd
import streamlit as st
from beautyspot.catalog import Catalog
from beautyspot.maintenance import Litter, clean, litter, open_neighbour

from beautyspot_dashboard.figures import bytes_text, count_text
from beautyspot_dashboard.grid import show_grid, time_column
from beautyspot_dashboard.maintenance.progress import ask, attempt, progress_bar, tell
from beautyspot_dashboard.maintenance.pruning import show_tasks
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import text

SHOWN = 50
FOUND = "clean_found"


def show_cleaning(place: Place, /) -> None:
    """Look for litter, show it, and delete it if the person agrees."""
    tell()
    if not place.storages:
        st.info(text("clean_needs_storage"))
        return
    is_gone = st.checkbox(text("blobs_are_gone"), key="blobs_are_gone", help=text("blobs_are_gone_help"))
    if st.button(text("look"), key="clean_look"):
        with st.spinner(text("looking")):
            st.session_state[FOUND] = attempt(lambda: look(place, is_gone=is_gone))
    found: Litter | None = st.session_state.get(FOUND)
    if found is not None:
        _show(place, found, is_gone=is_gone)


def look(place: Place, /, *, is_gone: bool) -> Litter:
    """Return what lies around; raises as `litter` does."""
    with ExitStack() as opened:
        # Opened anew, all of them: a database that shares the blobs may have come since the last look.
        catalog = opened.enter_context(Catalog.open(place.database))
        others = [opened.enter_context(open_neighbour(each)) for each in place.neighbours()]
        return litter(catalog, place.storages, others=others, blobs_are_gone=is_gone)


def _show(place: Place, found: Litter, *, is_gone: bool) -> None:
    if found.elsewhere:
        st.warning(text("blobs_elsewhere", count=found.elsewhere))
    if not found.blobs and not found.tasks:
        st.success(text("nothing_to_do"))
        return
    what = text(
        "would_clean",
        blobs=count_text(len(found.blobs)),
        size=bytes_text(found.size_bytes),
        rows=count_text(len(found.tasks)),
    )
    st.markdown(what)
    if found.blobs:
        rows = [(blob.location, blob.size_bytes, blob.modified_at) for blob in found.blobs[:SHOWN]]
        show_grid(
            pd.DataFrame(rows, columns=["blob", "size", "written"]),
            {
                "blob": st.column_config.TextColumn(text("blob"), width="large"),
                "size": st.column_config.NumberColumn(text("size")),
                "written": time_column("written"),
            },
            alt=text("blob"),
        )
    if found.tasks:
        show_tasks(found.tasks[:SHOWN])
    if not place.read_only and st.button(text("clean_now"), key="clean_run"):
        ask(text("clean_question"), what, lambda: _clean(place, found, is_gone=is_gone))


def _clean(place: Place, found: Litter, *, is_gone: bool) -> str:
    # It may be an hour ago that it was looked at, and a disk may be there again by now.
    found = found.still(look(place, is_gone=is_gone))
    with closing(place.open_db()) as db, progress_bar("deleting", len(found.blobs)) as progress:
        done = clean(found, db, place.storages[0], progress=progress)
    place.close()
    st.session_state.pop(FOUND, None)
    left = text("blobs_left", count=done.blobs_left) if done.blobs_left else ""
    return text("cleaned", blobs=done.blobs, size=bytes_text(done.size_bytes), rows=done.tasks) + left
