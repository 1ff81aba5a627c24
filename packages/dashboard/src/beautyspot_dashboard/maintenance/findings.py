"""What the doctor finds."""

import streamlit as st
from beautyspot.maintenance import Finding, examine

from beautyspot_dashboard.maintenance.progress import attempt
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import plain, text

# Words in colours: not every machine has emoji, nor does everybody see red from green.
MARKS = {"ok": ":green-badge[ok]", "warn": ":orange-badge[warn]", "error": ":red-badge[error]"}
FOUND = "findings"


def show_doctor(place: Place, /, *, key: str = "examine") -> None:
    """Examine the store if the person wants to, and show what was found; `key` is the button's name."""
    if st.button(text("examine"), key=key):
        with st.spinner(text("looking")):
            st.session_state[FOUND] = attempt(lambda: list(examine(place.database, place.storages)))
    findings: list[Finding] | None = st.session_state.get(FOUND)
    for finding in findings or ():
        st.markdown(f"{MARKS[finding.level]} **{plain(finding.check)}** {plain(finding.what)}")
        if finding.next_step:
            st.caption(f"→ {plain(finding.next_step)}")
