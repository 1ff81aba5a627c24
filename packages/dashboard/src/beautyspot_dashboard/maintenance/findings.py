"""What the doctor finds."""

import streamlit as st
from beautyspot.maintenance import Finding, examine

from beautyspot_dashboard.headings import say_if_foreign
from beautyspot_dashboard.maintenance.progress import attempt
from beautyspot_dashboard.place import Place
from beautyspot_dashboard.texts import plain, text

# Words in colours: not every machine has emoji, nor does everybody see red from green.
COLOURS = {"ok": "green", "warn": "orange", "error": "red"}
FOUND = "findings"


def show_doctor(place: Place, /, *, key: str = "examine") -> None:
    """Examine the store if the person wants to, and show what was found; `key` is the button's name."""
    if st.button(text("examine"), key=key):
        with st.spinner(text("looking")):
            st.session_state[FOUND] = attempt(lambda: list(examine(place.database, place.storages)))
    findings: list[Finding] | None = st.session_state.get(FOUND)
    if findings:
        say_if_foreign()
    for finding in findings or ():
        mark = f":{COLOURS[finding.level]}-badge[{text(f'level_{finding.level}')}]"
        st.markdown(f"{mark} **{plain(finding.check)}** {plain(finding.what)}")
        if finding.next_step:
            st.caption(f"→ {plain(finding.next_step)}")
