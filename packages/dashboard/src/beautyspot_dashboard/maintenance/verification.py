"""Reading everything that is kept, to see whether it can be read."""

import pandas as pd
import streamlit as st
from beautyspot.maintenance import Verified, verify

from beautyspot_dashboard.figures import bytes_text, count_text
from beautyspot_dashboard.grid import show_grid
from beautyspot_dashboard.maintenance.progress import attempt, progress_bar
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import plain, text

FOUND = "verified"


def show_verification(place: Place, /) -> None:
    """Verify the store if the person wants to, and show what was found."""
    count = place.catalog().size().tasks
    if st.button(text("verify_now", count=count_text(count)), key="verify_run"):
        with progress_bar("reading", count) as progress:
            found = attempt(lambda: verify(place.catalog(), place.storages, progress=progress))
        st.session_state[FOUND] = found
    verified: Verified | None = st.session_state.get(FOUND)
    if verified is not None:
        _show(verified)


def _show(found: Verified) -> None:
    read = text("verified", count=count_text(found.tasks), size=bytes_text(found.size_bytes))
    if found.is_sound:
        st.success(f"{read} {text('all_sound')}")
    elif found.damaged or found.complaints:
        st.error(f"{read} {text('some_damaged', count=count_text(len(found.damaged)))}")
    if found.unread:
        st.info(text("only_their_program", count=count_text(found.unread)))
    if found.unreachable:  # the storage's own words, which end with the next step
        st.warning(f"{read} {plain(found.unreachable[-1].what)}")
    for complaint in found.complaints:
        st.markdown(f"- {plain(complaint)}")
    if found.damaged:
        rows = [(each.task.func_name, each.task.cache_key, each.what) for each in found.damaged]
        show_grid(
            pd.DataFrame(rows, columns=[text("function"), text("key"), text("what")]),
            {},
            alt=text("some_damaged", count=len(rows)),
        )
    if found.complaints or any(not each.is_lost for each in found.damaged):
        st.markdown(text("repair_step"))
    if any(each.is_lost for each in found.damaged):
        st.markdown(text("lost_step"))
